// Any memory that a daemon may have left: records of units and of changes that are whole and say
// anything, and damage anywhere. The next daemon starts all the same, holds its invariants, and
// comes to rest when it is told to.
//
// An input is pieces, each {kind, length of two bytes, bytes}: 'u' a record of a unit, 'c' one of a
// change, 'd' damage at the place that its first two bytes say.
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

#include "server/base/check.h"
#include "server/engine/journal.h"
#include "server/engine/memory.h"
#include "tests/sim/outside_view.h"
#include "tests/sim/world.h"

namespace socketd {
namespace {

constexpr size_t kMemory = size_t{64} * 1024;
// Where the journals are, as memory.cc lays them out.
constexpr size_t kHead = 64;
constexpr size_t kChanges = (kMemory - kHead) / 8;

// Two bytes at the start of `text`, taken off; 0: there are not that many.
size_t TakeNumber(absl::string_view& text) {
  if (text.size() < 2) return 0;
  const auto number = static_cast<size_t>(static_cast<uint8_t>(text[0])) |
                      static_cast<size_t>(static_cast<uint8_t>(text[1])) << 8;
  text.remove_prefix(2);
  return number;
}

void Damage(absl::Span<char> memory, absl::string_view bytes) {
  const size_t at = TakeNumber(bytes) % memory.size();
  for (size_t i = 0; i < bytes.size() && at + i < memory.size(); ++i)
    memory[at + i] ^= bytes[i];
}

void Fill(Kernel& kernel, absl::string_view input) {
  Memory(kernel, kMemory);  // lays it out
  const absl::Span<char> memory = kernel.Memory(kMemory);
  Journal changes(memory.subspan(kHead, kChanges));
  Journal units(memory.subspan(kHead + kChanges, kMemory - kHead - kChanges));
  CHECK(changes.Continue() && units.Continue());
  while (!input.empty()) {
    const char kind = input.front();
    input.remove_prefix(1);
    const absl::string_view piece = input.substr(0, TakeNumber(input));
    input.remove_prefix(piece.size());
    if (kind == 'u') units.Append(piece);
    if (kind == 'c') changes.Append(piece);
    if (kind == 'd') Damage(memory, piece);
  }
}

void AddUnits(sim::World& world) {
  world.AddUnit("web.socket", "[Socket]\nListenStream=127.0.0.1:80\nExecStartPre=/bin/step\n");
  world.AddUnit("web.service",
                "[Service]\nType=notify\nExecStart=/bin/hangs\nExecReload=/bin/step\n"
                "ExecStop=/bin/step\nRestart=always\n");
  world.AddUnit("echo.socket", "[Socket]\nListenStream=/run/echo\nAccept=yes\n");
  world.AddUnit("echo@.service", "[Service]\nExecStart=/bin/hangs\nStandardInput=socket\n");
  world.AddUnit("forks.service",
                "[Service]\nType=forking\nPIDFile=/run/pid\nExecStart=/bin/step\n");
  world.AddUnit("all.target", "[Unit]\nWants=web.socket echo.socket\n");
  world.AddProgram("/bin/hangs", "hangs");
  world.AddProgram("/bin/step", "exits 0 after 1s");
}

// What others knew of the units before is the memory's to say, and that is made up.
bool IsAboutThePast(absl::string_view complaint) {
  return absl::StrContains(complaint, "does not follow") ||
         absl::StrContains(complaint, "the history was trimmed");
}

}  // namespace
}  // namespace socketd

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  socketd::sim::World world;
  socketd::AddUnits(world);
  socketd::Fill(world.kernel(), {reinterpret_cast<const char*>(data), size});
  world.Boot();
  world.Advance(absl::Minutes(5));
  CHECK(world.ShutDown(absl::Hours(24)));
  bool sound = true;
  for (const auto& complaints : {world.complaints(), socketd::sim::LookAtTheEnd(world)}) {
    for (const std::string& complaint : complaints) {
      if (socketd::IsAboutThePast(complaint)) continue;
      std::cerr << complaint << "\n";
      sound = false;
    }
  }
  CHECK(sound);
  return 0;
}
