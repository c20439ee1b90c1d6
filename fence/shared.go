package fence

// The options in this file are not common to all agents, but agents of one kind
// have them in common, with the names that the stock fence-agents gave them. An
// agent appends them to its own and reads them like those.

// MethodOption is how reboot is done.
func MethodOption() Option {
	return Option{Name: "method", Short: 'm', Arg: "method", Type: Select, Choices: []string{"onoff", "cycle"}, Default: "onoff", Text: "Method to fence; only onoff is served"}
}

// TLSOptions are for devices behind TLS. Ssl is on unless an agent's Defaults
// say otherwise; ssl_insecure overrides ssl_secure.
func TLSOptions() []Option {
	return []Option{
		{Name: "ssl", Short: 'z', Type: Boolean, Default: "1", Text: "Use TLS"},
		{Name: "ssl_secure", Type: Boolean, Text: "Use TLS and verify the certificate, which is the default"},
		{Name: "ssl_insecure", Type: Boolean, Text: "Use TLS without verifying the certificate: whoever answers gets the password"},
		{Name: "ssl_ca_file", Arg: "file", Type: String, Text: "File with the certificates, in PEM form, of the authorities that may vouch for the device (the system's when not set)"},
		{Name: "gnutlscli_path", Arg: "path", Type: String, Text: "Has no effect, gnutls-cli is not used"},
	}
}

// SSHOptions are for devices behind a shell of theirs. Ssh is on by default:
// there is no telnet.
func SSHOptions() []Option {
	return []Option{
		{Name: "ssh", Old: []string{"secure"}, Short: 'x', Type: Boolean, Default: "1", Text: "Use SSH; telnet is not served"},
		{Name: "identity_file", Short: 'k', Arg: "file", Type: String, Text: "File with the private key to log in with; only its owner may have access (mode 0600). Takes the place of the password"},
		{Name: "host_key", Arg: "fingerprint", Type: String, Text: "Fingerprint of the device's host key, as ssh-keygen -l prints it (SHA256:...)"},
		{Name: "known_hosts", Arg: "file", Type: String, Text: "File with the device's host key, in the form of ssh's known_hosts"},
		{Name: "trust_new_host_key", Type: Boolean, Text: "Take the key of a device that known_hosts does not know, and write it there; a key that changed is refused all the same"},
		{Name: "legacy_algorithms", Type: Boolean, Text: "Allow the algorithms of old firmware: SHA-1, DSA host keys, CBC"},
		{Name: "ssh_options", Arg: "options", Type: String, Text: "Has no effect, the ssh program is not used"},
		{Name: "ssh_path", Arg: "path", Type: String, Text: "Has no effect, the ssh program is not used"},
		{Name: "telnet_path", Arg: "path", Type: String, Text: "Has no effect, telnet is not served"},
		{Name: "inet4_only", Short: '4', Type: Boolean, Text: "Use IPv4 only"},
		{Name: "inet6_only", Short: '6', Type: Boolean, Text: "Use IPv6 only"},
		{Name: "command_prompt", Old: []string{"cmd_prompt"}, Short: 'c', Arg: "prompt", Type: String, Text: "Regular expression of the device's prompt"},
	}
}
