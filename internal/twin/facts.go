package twin

// Kind is what a file is.
type Kind string

// The kinds.
const (
	Regular   Kind = "file"
	Directory Kind = "directory"
	Symlink   Kind = "symbolic link"
	Special   Kind = "special file" // socket, pipe, device: never copied
)

// File is what is known of a file.
type File struct {
	Path   Path   `json:"path"`
	Kind   Kind   `json:"kind"`
	Mode   uint32 `json:"mode"` // permissions with set-id and sticky bits; 0 of a symbolic link
	Owner  string `json:"owner"`
	Group  string `json:"group"`
	Size   int64  `json:"size,omitempty"`
	Target Path   `json:"target,omitempty"` // of a symbolic link
	Digest string `json:"digest,omitempty"` // of the content; "" when it has none, or Note says why
	// Meaning has the digests of what a configuration file says, by name, without what
	// is Kept; nil when it is compared by its bytes.
	Meaning map[string]string `json:"meaning,omitempty"`
	Note    string            `json:"note,omitempty"` // why there is no digest
}

// Account is that of oneadmin.
type Account struct {
	UID  int    `json:"uid"`
	GID  int    `json:"gid"`
	Home string `json:"home"`
}

// Facts are what a server says of itself.
type Facts struct {
	Format   int               `json:"format"`
	Oneha    string            `json:"oneha"` // version of the one who looked
	Files    []File            `json:"files"`
	Named    []Path            `json:"named,omitempty"` // files beyond the places that configuration here names
	Account  *Account          `json:"account,omitempty"`
	Packages map[string]string `json:"packages,omitempty"` // versions
	Units    map[string]string `json:"units,omitempty"`    // what systemctl is-enabled would say
	Zone     string            `json:"time_zone,omitempty"`
	Unknown  []string          `json:"unknown,omitempty"` // what could not be found out, and why
	// Began and Ended are the server's clock, in ns since 1970, when it got the request
	// and when it was about to answer.
	Began int64 `json:"began"`
	Ended int64 `json:"ended"`
}

// Request is what a server is asked. It travels on standard input: Key must not be seen.
type Request struct {
	Format int    `json:"format"`
	Mode   Mode   `json:"mode"`
	Key    []byte `json:"key"`             // of the digests
	Also   []Path `json:"also,omitempty"`  // files beyond the places that another server names
	Files  []Path `json:"files,omitempty"` // whose content is wanted; facts when there are none
}
