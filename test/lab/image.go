package lab

import "context"

// Image is what machines are made of when they are no nodes of a Pacemaker
// cluster: a root file system of its own, and what is installed over it.
type Image struct {
	Name     string   // of the root file system in the cache, before the release; "" for that of Pacemaker's nodes
	Packages []string // beyond Debian's minimal system, where there is a Name
	// Install puts files below layer, which every machine's disk overlays, over the
	// root file system root. nil: nothing.
	Install func(ctx context.Context, root, layer string) error
}

// packages is what the root file system holds beyond Debian's minimal system.
func (o Options) packages() []string {
	if o.ownRootfs() {
		return o.Image.Packages
	}
	return packagesOf(o.Release)
}

// imageName is the root file system's name in the cache.
func (o Options) imageName() string {
	release := o.Release
	if o.ownRootfs() {
		release = o.Image.Name + "-" + release
	}
	return imageName(release, o.packages())
}

func (o Options) ownRootfs() bool { return o.Image != nil && o.Image.Name != "" }
