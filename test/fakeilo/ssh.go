package fakeilo

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		if s.conns == nil { // closed meanwhile
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.conns[conn] = true
		s.mu.Unlock()
		s.running.Go(func() {
			s.serve(conn)
			_ = conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// serve is one connection.
func (s *Server) serve(conn net.Conn) {
	o := s.get()
	switch {
	case o.Silent:
		_, _ = io.Copy(io.Discard, conn) // until the client gives up
		return
	case s.away(), s.drop(func(o *Options) *int { return &o.DropBeforeLogin }):
		return
	}
	sc, channels, requests, err := ssh.NewServerConn(conn, s.config(o, conn))
	if err != nil {
		return // the client has been told
	}
	defer sc.Close()
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		s.mu.Lock()
		free := o.MaxSessions == 0 || s.sessions < o.MaxSessions
		if free {
			s.sessions++
		}
		s.mu.Unlock()
		if !free {
			_ = ch.Reject(ssh.ResourceShortage, "no more sessions")
			continue
		}
		s.running.Go(func() {
			s.session(ch, conn)
			s.mu.Lock()
			s.sessions--
			s.mu.Unlock()
		})
	}
}

func (s *Server) config(o Options, conn net.Conn) *ssh.ServerConfig {
	check := func(user string, right bool) (*ssh.Permissions, error) {
		time.Sleep(o.SlowLogin)
		s.mu.Lock()
		s.offers++
		s.mu.Unlock()
		if s.drop(func(o *Options) *int { return &o.DropAtLogin }) {
			_ = conn.Close()
			return nil, errDropped
		}
		if user != Username || !right {
			return nil, errors.New("login failed")
		}
		s.mu.Lock()
		s.logins++
		s.mu.Unlock()
		return nil, nil
	}
	c := &ssh.ServerConfig{ServerVersion: "SSH-2.0-mpSSH_0.2.1", MaxAuthTries: 3}
	if o.KeyboardInteractive {
		c.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			return check(m.User(), len(answers) == 1 && answers[0] == Password)
		}
	} else {
		c.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return check(m.User(), string(password) == Password)
		}
	}
	if o.AuthorizedKey != nil {
		c.PublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if bytes.Equal(key.Marshal(), o.AuthorizedKey.Marshal()) {
				return check(m.User(), true)
			}
			return check(m.User(), false)
		}
	}
	if o.Old {
		c.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDH1SHA1}
		c.Ciphers = []string{ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC}
		c.MACs = []string{ssh.HMACSHA1}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		c.AddHostKey(k)
	}
	return c
}

// session is one session channel: an exec request or a shell.
func (s *Server) session(nc ssh.NewChannel, conn net.Conn) {
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	for r := range requests {
		o := s.get()
		var exec struct{ Command string }
		switch {
		case r.Type == "pty-req":
			_ = r.Reply(true, nil)
		case r.Type == "shell":
			_ = r.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			s.shell(ch, conn)
			return
		case r.Type != "exec" || o.Exec == ExecRefused || ssh.Unmarshal(r.Payload, &exec) != nil:
			_ = r.Reply(false, nil)
		case o.Exec == ExecSilent: // until the client ends the channel
		default:
			_ = r.Reply(true, nil)
			s.exec(ch, conn, exec.Command)
			if s.get().Exec == ExecOpen {
				continue
			}
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{}))
			return
		}
	}
}

func (s *Server) exec(ch ssh.Channel, conn net.Conn, command string) {
	o := s.get()
	answer := s.command("exec", command)
	if s.dropAfter(command) || s.drop(func(o *Options) *int { return &o.DropAtCommand }) {
		_ = conn.Close()
		return
	}
	switch {
	case o.Mute:
		_, _ = io.Copy(io.Discard, ch)
		return
	case o.Exec == ExecEmpty:
		return
	}
	time.Sleep(o.Slow)
	_, _ = io.WriteString(ch, command+"\r\n"+answer)
	if o.Exec == ExecHangsUp || s.away() {
		_ = ch.CloseWrite()
		_ = conn.(*net.TCPConn).CloseWrite() // what was written is still read
	}
}
