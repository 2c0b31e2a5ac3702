// What an open port can become without being closed: which of a unit's listeners goes on as which
// of the new ones, what can be set on it, and what only a new port can have. Pure functions on
// values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/definition.h"
#include "server/kernel/types.h"

namespace socketd {

struct PortChange {
  std::vector<std::string> live;           // directives to set on the open port
  std::vector<std::string> at_next_start;  // only a new port can have them
  ListenSpec spec;                         // what the port has once `live` is set
};

// Both are at the same place (see PairPorts). Directives that mean nothing to this kind of port are
// taken over in silence.
PortChange CompareListeners(const ListenSpec& from, const ListenSpec& to);

// For each listener of `to` the one of `from` that goes on as it: the first of the same kind and
// address that no listener before it has, so that two at one address (ReusePort=) stay two.
std::vector<std::optional<size_t>> PairPorts(const SocketSettings& from, const SocketSettings& to);

// What a socket that is active would have otherwise if it were started now.
std::vector<std::string> KeysInWaiting(const SocketSettings& open, const SocketSettings& wanted);

// Directives that say whom a socket starts: a run keeps those it began with, and its ports.
std::vector<std::string> RunKeys(const SocketSettings& from, const SocketSettings& to);

}  // namespace socketd
