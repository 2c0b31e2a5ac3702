// The %-specifiers of unit files; systemd.unit(5), "Specifiers".
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/unit/unit_name.h"

namespace socketd {

namespace v1 {
class UnitDefinition;
}

// What the machine and the daemon contribute; gathered once at start.
struct Surroundings {
  std::string runtime_directory = "/run";                 // %t
  std::string state_directory = "/var/lib";               // %S
  std::string cache_directory = "/var/cache";             // %C
  std::string logs_directory = "/var/log";                // %L
  std::string configuration_directory = "/etc";           // %E
  std::string temporary_directory = "/tmp";               // %T
  std::string variable_temporary_directory = "/var/tmp";  // %V
  std::string machine_id;                                 // %m
  std::string boot_id;                                    // %b
  std::string host_name;                                  // %H
  std::string kernel_release;                             // %v
  std::string architecture;                               // %a
  std::string os_id;                                      // %o
  std::string os_version_id;                              // %w
  std::string os_build_id;                                // %B
  std::string os_variant_id;                              // %W
  std::string user_name = "root";                         // %u: the daemon's user
  std::string user_id = "0";                              // %U
  std::string group_name = "root";                        // %g
  std::string group_id = "0";                             // %G
  std::string user_home = "/root";                        // %h
  std::string user_shell = "/bin/sh";                     // %s
  std::string shared_data_directory = "/usr/share";       // %D
  // What only conditions ask for (systemd.unit(5)).
  std::string virtualization;       // "kvm", "docker", ...; empty: none
  bool container = false;           // it is a container, no machine
  bool private_users = false;       // the user namespace is not the first one
  std::string glibc_version;        // "2.36"
  std::vector<std::string> groups;  // the daemon's, each by name and by number
  // %y, and its folder %Y: the file of the unit whose text is expanded; the loader sets it.
  std::string fragment_path;
};

// Replaces %i %I %j %J %n %N %p %P %f %t ... and %%. As with systemd, a "%" before anything else
// stays as it is ("[fe80::1]:80%eth0"). INVALID_ARGUMENT (BAD_SPECIFIER) where the machine has no
// such value (%m without a machine id) or the result is longer than 1 MiB.
absl::StatusOr<std::string> ExpandSpecifiers(absl::string_view text,
                                             const UnitName& name,
                                             const Surroundings& surroundings);

// Expands the string fields in place, all but [Install] and what has no field, and brings values
// into one form: paths without doubled slashes, /var/run as /run in addresses and PIDFile=, exit
// statuses as numbers and SIG names. The first failure names the field (facts "field", "section",
// "key") and leaves the rest as it was.
absl::Status ExpandDefinition(const UnitName& name,
                              const Surroundings& surroundings,
                              v1::UnitDefinition& definition);

}  // namespace socketd
