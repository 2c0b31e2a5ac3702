// A storm: a seed makes up units, programs, clients, operators and a mean kernel, lets them at the
// engine for a while, then tells it to stop everything. In a correct engine no invariant is ever
// broken, every request is answered, and nothing is left at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "tests/sim/dice.h"
#include "tests/sim/world.h"

namespace socketd::sim {

struct StormReport {
  uint64_t seed = 0;
  int lives = 0;  // runs of a unit from rest to rest
  int turns = 0;
  std::vector<std::string> complaints;
  std::vector<std::string> trail;  // what was done, and every move, in order
};

class Storm {
 public:
  // With `trail` the report says what happened, which costs time.
  Storm(uint64_t seed, bool trail);

  StormReport Go();

 private:
  using Act = void (Storm::*)();

  struct Made {
    std::string stem;
    int port = 0;
    bool accept = false;
    std::string kind;  // of its ports; the same in all its lives, as is the next
    std::string kill_mode;
  };

  void MakePrograms();
  void MakeUnits();
  std::string SocketText(const Made& made);
  void MakeSocket(const std::string& stem, int port);
  void MakeService(const std::string& stem, bool instances);
  void MakeMean();
  std::string Commands(absl::string_view directive, absl::string_view program);
  std::string TriggerLimit();
  std::string Conditions();
  std::string OneOf(std::initializer_list<absl::string_view> words);
  bool Sometimes(size_t one_in) { return dice_.OneIn(one_in); }

  void Operate();
  void Apply();
  void Clear();
  void Toggle();
  void Connect();
  void Pass();
  void Kill();
  void Break();
  void HangUp();
  void Fail();
  void Pause();
  void Reset();
  void Reload();
  const FakeProcess* AnyProcess();

  void Note(const std::string& what);
  void NoteMoves();
  void End();

  Dice dice_;
  World world_;
  bool trail_;
  std::vector<Made> made_;
  std::vector<std::string> units_;
  std::vector<std::string> addresses_;
  size_t noted_ = 0;
  StormReport report_;
};

}  // namespace socketd::sim
