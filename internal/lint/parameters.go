package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// fenceCommon are the options that the stock fence agents share (fence-agents 4.12,
// metadata), in their names of today and of before.
const fenceCommon = "action debug debug_file delay disable_timeout help ip ipaddr ipport login login_timeout passwd passwd_script password password_script " +
	"plug plug_separator port power_timeout power_wait quiet retry_on shell_timeout stonith_status_sleep username verbose verbose_level version "

const (
	fenceIPMI    = fenceCommon + "auth cipher hexadecimal_kg ipmitool_path ipmitool_timeout lanplus method port_as_ip privlvl sudo sudo_path target use_sudo timeout"
	fenceSSH     = fenceCommon + "cmd_prompt command_prompt identity_file inet4_only inet6_only method port_as_ip secure ssh ssh_options ssh_path telnet_path"
	fenceRedfish = fenceCommon + "gnutlscli_path port_as_ip redfish-uri redfish_uri ssl ssl_insecure ssl_secure systems-uri systems_uri"
	fenceRIBCL   = fenceCommon + "gnutlscli_path notls port_as_ip ribcl ribcl_version ssl ssl_insecure ssl_secure tls1.0"
)

// stockParameters are those of the stock agents that front-ends use (metadata of
// resource-agents 4.12 and fence-agents 4.12).
var stockParameters = map[string]string{
	"ocf:heartbeat:IPaddr2": "arp_bg arp_count arp_count_refresh arp_interval arp_sender broadcast cidr_netmask clusterip_hash flush_routes iflabel ip lvs_ipv6_addrlabel " +
		"lvs_ipv6_addrlabel_value lvs_support mac network_namespace nic nodad noprefixroute preferred_lft proto run_arping send_arp_opts unique_clone_address " +
		"check_link_status netmask",
	"ocf:heartbeat:Filesystem":  "device directory fast_stop force_clones force_unmount fstype options run_fsck statusfile_prefix term_signals kill_signals signal_delay",
	"stonith:fence_ipmilan":     fenceIPMI,
	"stonith:fence_ilo3":        fenceIPMI,
	"stonith:fence_ilo4":        fenceIPMI,
	"stonith:fence_ilo5":        fenceIPMI,
	"stonith:fence_ilo6":        fenceIPMI,
	"stonith:fence_idrac":       fenceIPMI,
	"stonith:fence_imm":         fenceIPMI,
	"stonith:fence_ipmilanplus": fenceIPMI,
	"stonith:fence_ilo_ssh":     fenceSSH,
	"stonith:fence_ilo3_ssh":    fenceSSH,
	"stonith:fence_ilo4_ssh":    fenceSSH,
	"stonith:fence_ilo5_ssh":    fenceSSH,
	"stonith:fence_redfish":     fenceRedfish,
	"stonith:fence_ilo":         fenceRIBCL,
	"stonith:fence_ilo2":        fenceRIBCL,
}

// fencerParameters are what pacemaker-fenced itself reads of any device
// (pacemaker-fenced(7)).
var fencerParameters = regexp.MustCompile(`^(pcmk_(host_(argument|map|list|check)|delay_(max|base)|action_limit|[a-z]+_(action|timeout|retries))|priority|provides|stonith-timeout)$`)

// anyParameters are what shell agents understand beside their own (ocf-shellfuncs).
var anyParameters = regexp.MustCompile(`^(trace_(ra|file|dir)|OCF_CHECK_LEVEL|\$.*|CRM_meta_.*)$`)

// metaAttributes are those that Pacemaker knows (Pacemaker Explained, Resource
// Options, Clone Options, Bundle Meta-Attributes, Guest Nodes).
var metaAttributes = strings.Fields("allow-migrate allow-unhealthy-nodes clone-max clone-min clone-node-max container-attribute-target critical description " +
	"failure-timeout globally-unique interleave is-managed maintenance master-max master-node-max migration-threshold multiple-active notify ordered collocated " +
	"priority promotable promoted-max promoted-node-max provides remote-addr remote-allow-migrate remote-connect-timeout remote-node remote-port " +
	"requires resource-stickiness restart-type stickiness target-role role")

func unknownParameters(s *side, r *report) {
	known := map[string][]string{}
	for _, res := range s.cib.resources {
		if res.kind == "primitive" {
			agent := res.agent()
			names, seen := known[agent]
			if !seen {
				names = s.parametersOf(agent)
				known[agent] = names
			}
			if names != nil {
				checkParameters(r, res, names)
			}
		}
		for _, m := range res.meta {
			unknownMeta(r, m, clip(res.id))
		}
	}
	for _, p := range s.cib.rscDefaults {
		unknownMeta(r, p, "the resource defaults")
	}
}

// parametersOf returns the parameters of an agent, nil when they are not known.
func (s *side) parametersOf(agent string) []string {
	if names, ok := s.Agents[agent]; ok {
		return names
	}
	if names, ok := stockParameters[agent]; ok {
		return strings.Fields(names)
	}
	return nil
}

func checkParameters(r *report, res *resource, known []string) {
	for _, p := range res.params {
		switch {
		case slices.Contains(known, p.name), anyParameters.MatchString(p.name), res.class == "stonith" && fencerParameters.MatchString(p.name):
			continue
		}
		fix := "see `crm_resource --show-metadata " + res.agent() + "`"
		names := known
		if res.class == "stonith" {
			names = append(slices.Clone(known), "pcmk_host_list", "pcmk_host_map", "pcmk_host_check", "pcmk_delay_base", "pcmk_delay_max", "pcmk_reboot_timeout", "pcmk_off_timeout", "pcmk_monitor_timeout")
		}
		if meant := diag.Nearest(p.name, names); meant != "" {
			fix = fmt.Sprintf("did you mean %q?", meant)
		}
		r.add(p.place, fmt.Sprintf("%s has the parameter %s, which %s does not know", clip(res.id), clip(p.name), res.agent()), fix)
	}
}

// unknownMeta takes a name that is near a known one for a typing error, and any other
// for somebody's own, which Pacemaker ignores.
func unknownMeta(r *report, m pair, whose string) {
	if slices.Contains(metaAttributes, m.name) || strings.HasPrefix(m.name, "$") {
		return
	}
	what := fmt.Sprintf("%s has the meta attribute %s, which Pacemaker ignores", whose, clip(m.name))
	if meant := diag.Nearest(m.name, metaAttributes); meant != "" {
		r.add(m.place, what, fmt.Sprintf("did you mean %q?", meant))
		return
	}
	r.as(diag.Warning, m.place, what, "remove it, or check its spelling in Pacemaker Explained, Resource Options")
}
