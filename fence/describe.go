package fence

// OptionGroup is the options of an agent that belong together.
type OptionGroup struct {
	Name    string
	Options []Option // sorted by name
}

// groupNames are in the order of the groups.
var groupNames = []string{groupDevice: "Device", groupOutput: "Output", groupTiming: "Timing"}

// OptionGroups returns every option that the agent understands, the common ones and
// hidden ones too, with the defaults that hold for it, in the order of metadata.
func (a Agent) OptionGroups() []OptionGroup {
	groups := make([]OptionGroup, len(groupNames))
	for _, o := range newTable(&a).options {
		g := &groups[o.group]
		g.Name, g.Options = groupNames[o.group], append(g.Options, *o)
	}
	return groups
}

// Actions returns every action of the agent in the order of its help.
func (a Agent) Actions() []string { return newTable(&a).actions() }

// Flags returns how the option stands on a command line, such as "-a" and "--ip".
// What follows is in Arg.
func (o Option) Flags() []string {
	flags := []string{"--" + o.flag()}
	if o.Short != 0 {
		flags = append([]string{"-" + string(rune(o.Short))}, flags...)
	}
	return flags
}
