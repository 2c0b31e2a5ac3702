// What must hold after every turn, whatever happened in it (tests/README.md lists the seven).
// Looks at everything, so it is for tests, never for a running daemon. Engine thread only.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "server/base/instant.h"
#include "server/engine/engine_core.h"

namespace socketd {

// Watches one engine from turn to turn: some invariants are about moves and time.
class Invariants {
 public:
  explicit Invariants(const EngineCore& engine) : engine_(engine) {}

  // What is broken, one line each; empty: nothing. `now` is the turn's time.
  std::vector<std::string> Check(Instant now);

 private:
  struct Stop {
    Instant since;
    absl::Duration allowed;
    std::string run;  // a unit may stop, start and stop again within one turn
  };
  void CheckUnit(const Unit& unit, Instant now);
  void CheckVitals(const Unit& unit, const Vitals& vitals);
  void CheckRest(const Unit& unit, const Vitals& vitals);
  void CheckStop(const Unit& unit, const Vitals& vitals, Instant now);
  void CheckTraffic(const Unit& unit);
  void CheckHistory();
  void Broken(const Unit& unit, int number, absl::string_view what);

  const EngineCore& engine_;
  std::vector<std::string> broken_;
  absl::flat_hash_map<std::string, Stop> stops_;
  absl::flat_hash_map<std::string, std::string> states_;
  int64_t seen_ = 0;
};

}  // namespace socketd
