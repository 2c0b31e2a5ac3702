// Definitions as text and back. The table of directives is made once from the descriptors of the
// specs (proto/socketd/v1/schema.proto); nobody keeps a list of keys beside it. Any thread.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "server/unit/problem.h"
#include "server/unit/unit_name.h"

namespace socketd {

namespace v1 {
class UnitDefinition;
}

// A unit file's text and the name that messages give it.
struct UnitText {
  absl::string_view file;
  absl::string_view text;
};

// Reads the text of a unit file into `definition`, on top of what is there (so that drop-ins add
// and empty values clear). Every mistake becomes a Problem with its line; nothing stops the rest
// from being read.
void ReadUnitFile(const UnitName& name,
                  UnitText source,
                  v1::UnitDefinition& definition,
                  Problems& problems);

// The definition as a unit file that reads back the same.
std::string WriteUnitFile(const v1::UnitDefinition& definition);

// What is wrong with a definition as a whole, or with a field that did not come from text: bad
// values, missing ExecStart, Accept with datagrams, a type that does not fit the name's suffix.
void CheckDefinition(const UnitName& name,
                     const v1::UnitDefinition& definition,
                     Problems& problems);

// The same after ExpandDefinition: what had specifiers is checked now, and a "%" is a plain letter.
void CheckExpandedDefinition(const UnitName& name,
                             const v1::UnitDefinition& definition,
                             Problems& problems);

// Directives that were read but that nobody obeys here yet, and values that differ from systemd's:
// one warning for each key that `problems` does not name already.
void WarnUnenforced(const v1::UnitDefinition& definition, Problems& problems);

// The reference page of all directives, in Markdown, from the same table.
std::string DirectivesPage();

}  // namespace socketd
