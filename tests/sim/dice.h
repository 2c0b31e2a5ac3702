// Numbers from a seed: the same seed, the same numbers, on every machine. Small and cheap, so that
// every simulated world can have its own (SplitMix64, Steele and others, 2014).
#pragma once

#include <cstddef>
#include <cstdint>

namespace socketd::sim {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t mixed = (state_ += 0x9E3779B97F4A7C15U);
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
  }

  // 0 .. count - 1; 0 if `count` is 0.
  size_t Below(size_t count) { return count == 0 ? 0 : static_cast<size_t>(Next() % count); }

  bool OneIn(size_t count) { return Below(count) == 0; }

 private:
  uint64_t state_;
};

}  // namespace socketd::sim
