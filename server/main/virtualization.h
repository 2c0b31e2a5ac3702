// Whether this is a virtual machine or a container, and which: by the names of
// systemd-detect-virt(1). A container on a virtual machine counts as a container.
#pragma once

#include <string>

namespace socketd {

struct Virtualization {
  std::string name;  // "kvm", "docker", ...; empty: neither
  bool container = false;
  bool private_users = false;  // the user namespace is not the first one; user_namespaces(7)
};

Virtualization DetectVirtualization();

}  // namespace socketd
