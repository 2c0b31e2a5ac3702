// The %-specifiers of unit files; systemd.unit(5), "Specifiers".
#pragma once

#include <string>

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
};

// Replaces %i %I %j %J %n %N %p %P %t ... and %%. INVALID_ARGUMENT (BAD_SPECIFIER) for an unknown
// one; `fragment_path` is for %f-like paths of the unit's file (%y, %Y).
absl::StatusOr<std::string> ExpandSpecifiers(absl::string_view text,
                                             const UnitName& name,
                                             const Surroundings& surroundings);

// Expands every string field of the definition in place. The first failure names the field.
absl::Status ExpandDefinition(const UnitName& name,
                              const Surroundings& surroundings,
                              v1::UnitDefinition& definition);

}  // namespace socketd
