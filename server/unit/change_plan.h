// What a request to change units comes to, told before it is done and after: values that the engine
// makes (engine/plan.h) and the API sends. Names are of directives and units, as in unit files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace socketd {

struct DirectiveChange {
  std::string section;
  std::string key;
  std::vector<std::string> from;  // its values; empty: not set
  std::vector<std::string> to;
  friend bool operator==(const DirectiveChange&, const DirectiveChange&) = default;
};

struct ListenerChange {
  enum class Action : uint8_t { kKeep, kOpen, kClose };
  Action action = Action::kKeep;
  std::string kind;     // "ListenStream"
  std::string address;  // as configured, specifiers expanded
  size_t index = 0;     // its new place; of one that is closed its old one
  std::vector<std::string> set_live;
  std::vector<std::string> at_next_start;  // only a new port can have them
  friend bool operator==(const ListenerChange&, const ListenerChange&) = default;
};

struct UnitChange {
  enum class Action : uint8_t { kUnchanged, kCreate, kChange, kRemove };
  std::string unit;
  Action action = Action::kUnchanged;
  std::vector<DirectiveChange> directives;
  std::vector<ListenerChange> listeners;   // of open ports
  std::vector<std::string> at_next_start;  // they keep the ports of an active socket as they are
};

struct ChangePlan {
  std::vector<UnitChange> units;
  std::vector<std::string> restarts;  // services that go on as they were until then
  int64_t revision = 0;               // that it is based on
};

}  // namespace socketd
