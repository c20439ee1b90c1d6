package fakezone

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxArguments is how many arguments oned gives a hook; it drops the others.
const maxArguments = 49

// hook starts a hook and does not wait for it: the state changes whatever the
// hook does, and the next one runs beside it.
func (s *server) hook(name string, h Hook) {
	if h.Command == "" {
		return
	}
	term := s.db.Term
	if s.c.left(HooksOverlap) {
		before, done := s.lastHook, make(chan struct{})
		s.lastHook = done
		go func() {
			defer close(done)
			if before != nil {
				<-before
			}
			s.runHook(name, h, term)
		}()
		return
	}
	go s.runHook(name, h, term)
}

// runHook runs a hook as oned does: with oned's environment and user, in its var
// directory, without input; what it prints is logged when it has ended.
func (s *server) runHook(name string, h Hook, term int) {
	command := h.Command
	if !filepath.IsAbs(command) {
		command = filepath.Join(s.c.Location, HooksDir, command)
	}
	args := strings.Fields(h.Arguments)
	cmd := exec.Command(command, args[:min(len(args), maxArguments)]...)
	cmd.Dir = filepath.Join(s.c.Location, "var")
	cmd.Env = append(os.Environ(), "ONE_LOCATION="+s.c.Location)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Start()
	pid := 0
	if err == nil {
		pid = cmd.Process.Pid
		s.journal.event(term, "hook", "%s start %d", strings.ToLower(name), pid)
		err = cmd.Wait()
	}
	code, said := 0, "successfully executed."
	if err != nil {
		code = 255
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		said = "execution error (" + err.Error() + ")"
	}
	s.journal.event(term, "hook", "%s end %d %d", strings.ToLower(name), pid, code)
	s.journal.say("HKM", "Hook: RAFT_%s_HOOK, %s %s", name, said, strings.TrimSpace(output.String()))
}
