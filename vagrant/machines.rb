# frozen_string_literal: true

# What both sets of machines share: Debian 12 under libvirt, the folders, and how the scripts of
# provision/ are run. ONEHA_BOX, ONEHA_OPENNEBULA and ONEHA_PACKAGE_DIR in the environment of vagrant
# replace what stands here.
module Machines
  PACKAGES = ENV.fetch("ONEHA_PACKAGE_DIR", File.expand_path("../bin/packages", __dir__))

  # One machine after the other: a server joins those that are there.
  ENV["VAGRANT_NO_PARALLEL"] = "yes"

  # The settings that hold for all machines of a set.
  def self.common(config, memory:)
    config.vm.box = ENV.fetch("ONEHA_BOX", "debian/bookworm64")
    config.vm.provider :libvirt do |libvirt|
      libvirt.default_prefix = "oneha_" # domains are called oneha_one-server1: vbmc knows them by that
      libvirt.memory = memory
      libvirt.cpus = 2
    end
    # Twice is once: each script is run when its machine is made, and by vagrant provision.
    config.vm.synced_folder ".", "/vagrant", type: "rsync", rsync__exclude: [".vagrant/"]
    config.vm.synced_folder "../provision", "/provision", type: "rsync"
    config.vm.synced_folder PACKAGES, "/packages", type: "rsync", create: true
    config.trigger.before [:up, :provision] do |trigger|
      trigger.name = "secrets"
      trigger.run = { path: "../provision/secrets.sh", args: ["secrets"] }
    end
  end

  # A machine with its addresses, and the scripts that make it what it is: each a name, or a
  # name and its argument.
  def self.define(config, name, addresses, settings, scripts)
    config.vm.define name do |machine|
      machine.vm.hostname = name
      addresses.each { |address| machine.vm.network :private_network, ip: address }
      scripts.each do |script, argument|
        machine.vm.provision "#{script} #{argument}".strip, type: "shell",
                             inline: "sh /provision/#{script}.sh #{argument}".strip, env: settings
      end
    end
  end
end
