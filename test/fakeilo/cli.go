package fakeilo

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// shell is the interactive command line: it echoes what it reads, takes CR (or
// LF) as the end of a line and ends its own lines with CR LF.
func (s *Server) shell(ch ssh.Channel, conn net.Conn) {
	o := s.get()
	power := "Off"
	if s.On() {
		power = "On"
	}
	if o.Mute {
		_, _ = io.Copy(io.Discard, ch)
		return
	}
	prompt, mp := o.Prompt, o.ManagementProcessor
	if mp {
		prompt = "[fakeilo] MP> "
	}
	write := func(text string) bool {
		if o.LinePause == 0 {
			_, err := io.WriteString(ch, text)
			return err == nil
		}
		for line := range strings.Lines(text) {
			if _, err := io.WriteString(ch, line); err != nil {
				return false
			}
			time.Sleep(o.LinePause)
		}
		return true
	}
	write(fmt.Sprintf("User:%s logged-in to fakeilo.example(%s)\r\n\r\niLO 4 Advanced 2.82 at  Feb 06 2023\r\nServer Name: fake\r\nServer Power: %s\r\n\r\n%s",
		Username, conn.LocalAddr().(*net.TCPAddr).IP, power, prompt))
	in := bufio.NewReader(ch)
	for {
		command, err := s.readLine(in, ch)
		if err != nil {
			return
		}
		if s.drop(func(o *Options) *int { return &o.DropAtCommand }) {
			_ = conn.Close()
			return
		}
		o := s.get()
		time.Sleep(o.Slow)
		switch {
		case command == "":
			write("\r\n" + prompt)
			continue
		case mp && strings.EqualFold(command, "SMCLP"):
			s.record("shell", command)
			prompt, mp = o.Prompt, false
			write("\r\n\r\n" + prompt)
			continue
		case mp:
			s.record("shell", command)
			write("\r\nInvalid command\r\n\r\n" + prompt)
			continue
		}
		answer := s.command("shell", command)
		if s.dropAfter(command) {
			_ = conn.Close()
			return
		}
		if !write("\r\n"+answer) || strings.EqualFold(command, "exit") {
			return
		}
		write("\r\n" + prompt)
		if s.away() {
			_ = conn.Close()
			return
		}
	}
}

func (s *Server) readLine(in *bufio.Reader, echo io.Writer) (string, error) {
	var line strings.Builder
	for {
		b, err := in.ReadByte()
		switch {
		case err != nil:
			return "", err
		case b == '\r' || b == '\n':
			_, err = io.WriteString(echo, "\r\n")
			return strings.TrimSpace(line.String()), err
		}
		line.WriteByte(b)
		if !s.get().NoEcho {
			if _, err := echo.Write([]byte{b}); err != nil {
				return "", err
			}
		}
	}
}

func (s *Server) record(way, command string) {
	s.mu.Lock()
	s.commands = append(s.commands, way+": "+command)
	s.mu.Unlock()
	s.log(way + ": " + command)
}

// command carries out a command and returns the answer.
func (s *Server) command(way, command string) string {
	s.record(way, command)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Garbage != nil {
		return string(s.options.Garbage)
	}
	word := strings.ToLower(strings.Join(strings.Fields(command), " "))
	if s.options.OnlyStop && strings.HasPrefix(word, "power") {
		word = "unknown"
	}
	on := s.onNow()
	switch word {
	case "show /system1":
		return completed(s.system1(on))
	case "power":
		return completed("power: server power is currently: " + map[bool]string{true: "On", false: "Off"}[on])
	case "start /system1", "power on":
		switch {
		case s.options.RefuseOn:
			return refused("Insufficient privilege.")
		case on:
			return refused("Server power already on.")
		}
		s.change(true)
		return completed("Server powering on .......")
	case "power off hard", "stop -force /system1":
		switch {
		case s.options.RefuseOff:
			return refused("Insufficient privilege.")
		case !on:
			return refused("Server power already off.")
		}
		s.change(false)
		return completed("Forcing server power off .......\r\nPlease wait 6 seconds for this operation to complete.")
	case "reset /system1 hard", "power reset":
		if !on {
			return refused("Server power off.")
		}
		return completed("Server resetting .......")
	case "exit":
		return completed("\r\nCLI session stopped")
	}
	return "status=2\r\nstatus_tag=COMMAND PROCESSING FAILED\r\nerror_tag=COMMAND NOT RECOGNIZED\r\n" + date() + "\r\n"
}

// dropAfter reports whether the connection ends after this command, before its
// answer.
func (s *Server) dropAfter(command string) bool {
	switch word, _, _ := strings.Cut(strings.ToLower(command), " "); word {
	case "power", "start", "stop":
		return s.drop(func(o *Options) *int { return &o.DropAtPower })
	}
	return false
}

func (s *Server) change(on bool) {
	if s.options.Supply != nil {
		_ = s.options.Supply.SetPower(on) // who asks next sees whether it worked
		return
	}
	if !s.options.Ignore && !(s.options.IgnoreOn && on) {
		s.next, s.changeAt = on, time.Now().Add(s.options.Late)
		s.onNow()
	}
	if s.options.Away > 0 && (!s.options.AwayOnce || s.back.IsZero()) {
		s.back = time.Now().Add(s.options.Away)
	}
}

func (s *Server) system1(on bool) string {
	state := map[bool]string{true: "enabled", false: "disabled"}[on]
	if s.options.EnabledState != "" {
		state = s.options.EnabledState
	}
	return strings.Join([]string{
		"/system1", "  Targets", "    firmware1", "    bootconfig1", "    log1", "    led1", "    network1", "    oemhp_power1",
		"  Properties", "    name=ProLiant DL360p Gen8", "    number=CZ00000000", "    oemhp_server_name=fake", "    enabledstate=" + state, "    processor_number=2",
		"  Verbs", "    cd version exit show reset set oemhp_ping start stop",
	}, "\r\n") + "\r\n"
}

// completed and refused are the two forms of an answer (DMTF DSP0214, command
// status).
func completed(text string) string {
	return "status=0\r\nstatus_tag=COMMAND COMPLETED\r\n" + date() + "\r\n\r\n" + text + "\r\n"
}

func refused(text string) string {
	return "status=2\r\nstatus_tag=COMMAND PROCESSING FAILED\r\nerror_tag=COMMAND ERROR-UNSPECIFIED\r\n" + date() + "\r\n\r\n" + text + "\r\n"
}

func date() string { return time.Now().Format(time.ANSIC) }
