// What whoever supervises us has held while nobody of us was there, and hands over at our start
// (sd_listen_fds(3)): bags of descriptors (server/kernel/linux_deposit.h) and the engine's memory.
// Whatever else is handed over is one of those descriptors: a listener for the API, for one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/keeper/life.h"

namespace socketd {

// The names that it holds them by, FDNAME= of sd_notify(3).
inline constexpr absl::string_view kMemoryName = "socketd-memory";
std::string BagName(int life);

struct Handed {
  std::unique_ptr<Numbers> numbers;  // all but the memory; null: nothing was handed over
  std::vector<uint64_t> kept;        // of what strangers had sent: Arrivals::IdOf
  int memory = -1;                   // -1: none, or none that can be relied on
  int life = 0;                      // the last one whose bags there are
  int first_life = 0;                // and the first
};

// To be called once, before any thread is started. Takes the variables out of the environment.
Handed TakeHanded();

}  // namespace socketd
