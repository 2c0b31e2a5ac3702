#include "tests/sim/fake_descriptors.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace socketd::sim {
namespace {

bool IsPort(const FakeFile& file) {
  return file.kind == FakeFile::Kind::kListener || file.kind == FakeFile::Kind::kFifo ||
         (file.kind == FakeFile::Kind::kDatagram && !file.spec.pass_credentials);
}

}  // namespace

Fd FakeDescriptors::Open(std::shared_ptr<FakeFile> file, std::string origin) {
  const int number = next_++;
  entries_.emplace(number, Entry{std::move(file), std::move(origin)});
  return Fd(owner_, number);
}

Fd FakeDescriptors::OpenArrival(std::shared_ptr<FakeFile> file) {
  Fd fd = Open(std::move(file), "a stranger");
  entries_.at(fd.number()).arrived = true;
  return fd;
}

bool FakeDescriptors::Arrived(const Fd& fd) const {
  const auto found = entries_.find(fd.number());
  return found != entries_.end() && found->second.arrived;
}

void FakeDescriptors::Close(int number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) {
    Problem(absl::StrCat("fd ", number, " closed twice, or never open"));
    return;
  }
  if (found->second.registered) {
    Problem(absl::StrCat("fd ", number, " from ", found->second.origin, " closed before Disarm"));
  }
  entries_.erase(found);
}

std::shared_ptr<FakeFile> FakeDescriptors::Find(const Fd& fd, absl::string_view call) {
  const auto found = entries_.find(fd.number());
  if (fd && found != entries_.end()) return found->second.file;
  Problem(absl::StrCat(call, " on fd ", fd.number(), ", which is not open"));
  return nullptr;
}

std::vector<FakeDescriptors::Left> FakeDescriptors::Abandon() {
  std::vector<Left> left;
  for (auto& [number, entry] : std::exchange(entries_, {}))
    left.push_back({number, std::move(entry.file), entry.arrived});
  return left;
}

bool FakeDescriptors::Arm(const Fd& fd, Token token, Arming arming) {
  if (Find(fd, "Arm") == nullptr) return false;
  if (token == Token::kNone) Problem("armed for nobody");
  Entry& entry = entries_.at(fd.number());
  entry.token = token;
  entry.arming = arming;
  entry.registered = true;
  return true;
}

void FakeDescriptors::Disarm(const Fd& fd) {
  if (Find(fd, "Disarm") == nullptr) return;
  Entry& entry = entries_.at(fd.number());
  entry.token = Token::kNone;
  entry.registered = false;
}

Readiness FakeDescriptors::TellingOf(const Entry& entry) {
  const Readiness ready = ReadinessOf(*entry.file);
  return {ready.readable && entry.arming != Arming::kHangUp, ready.hang_up};
}

void FakeDescriptors::Collect(Dice& dice, std::vector<Event>& events) {
  const size_t first = events.size();
  for (auto& [number, entry] : entries_) {
    if (entry.token == Token::kNone) continue;
    const Readiness ready = TellingOf(entry);
    if (!ready.readable && !ready.hang_up) continue;
    Event event;
    event.kind = Event::Kind::kIo;
    event.token = entry.token;
    event.readable = ready.readable;
    event.hang_up = ready.hang_up;
    const size_t place = first + dice.Below(events.size() - first + 1);
    events.insert(events.begin() + static_cast<std::ptrdiff_t>(place), event);
    if (entry.arming == Arming::kOnce) entry.token = Token::kNone;
  }
}

bool FakeDescriptors::AnyReady() const {
  for (const auto& [number, entry] : entries_) {
    if (entry.token == Token::kNone) continue;
    const Readiness ready = TellingOf(entry);
    if (ready.readable || ready.hang_up) return true;
  }
  return false;
}

std::vector<std::string> FakeDescriptors::open() const {
  std::vector<std::string> names;
  for (const auto& [number, entry] : entries_) {
    names.push_back(absl::StrCat("fd ", number, " from ", entry.origin));
  }
  return names;
}

size_t FakeDescriptors::listening() const {
  size_t count = 0;
  for (const auto& [number, entry] : entries_)
    count += IsPort(*entry.file) && !entry.arrived ? 1 : 0;
  return count;
}

size_t FakeDescriptors::listening_armed() const {
  size_t count = 0;
  for (const auto& [number, entry] : entries_) {
    const bool port = IsPort(*entry.file) && !entry.arrived;
    count += port && entry.token != Token::kNone ? 1 : 0;
  }
  return count;
}

}  // namespace socketd::sim
