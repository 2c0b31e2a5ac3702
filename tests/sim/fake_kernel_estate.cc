// The part of the fake kernel that deals with what outlives the daemon: whoever keeps it is there
// always, and never wrong.

#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "tests/sim/fake_kernel.h"

namespace socketd::sim {

void FakeKernel::KillAt(uint64_t nth, bool after) {
  kill_at_ = nth;
  kill_after_ = after;
}

void FakeKernel::Kill() {
  if (!dying_) last_memory_ = memory_;
  dying_ = true;
}

// What it did between its last call and its end reaches nobody, its memory not either.
bool FakeKernel::Killed() {
  if (!dying_ || killed_) return killed_;
  killed_ = true;
  for (FakeDescriptors::Left& left : descriptors_.Abandon())
    estate_.push_back(std::move(left));
  processes_.Abandon();
  groups_.Abandon();
  queue_.Clear();
  lookups_.clear();
  woken_.store(false);
  return true;
}

void FakeKernel::Bury() {
  memory_ = std::exchange(last_memory_, {});
  events_.clear();
  kill_at_ = 0;
  dying_ = killed_ = false;
}

absl::Span<char> FakeKernel::Memory(size_t size) {
  if (memory_.size() < size) memory_.resize(size);
  return absl::MakeSpan(memory_);
}

FileId FakeKernel::IdOf(const Fd& fd) {
  ++ids_told_;
  if (Killed()) return FileId::kNone;
  const auto file = descriptors_.Find(fd, "IdOf");
  return static_cast<FileId>(reinterpret_cast<uintptr_t>(file.get()));
}

absl::StatusOr<Fd> FakeKernel::TakeOver(FileId id) {
  if (absl::Status failed = Admit(Call::kTakeOver); !failed.ok()) return failed;
  for (auto at = estate_.begin(); at != estate_.end(); ++at) {
    if (at->arrived || static_cast<FileId>(reinterpret_cast<uintptr_t>(at->file.get())) != id)
      continue;
    Fd taken = descriptors_.Open(std::move(at->file), "TakeOver");
    estate_.erase(at);
    return taken;
  }
  return absl::NotFoundError("it was not open");
}

absl::StatusOr<Fd> FakeKernel::TakeOver(KeptId id) {
  if (absl::Status failed = Admit(Call::kTakeOver); !failed.ok()) return failed;
  for (auto at = estate_.begin(); at != estate_.end(); ++at) {
    if (!at->arrived || static_cast<KeptId>(at->number) != id) continue;
    Fd taken = descriptors_.OpenArrival(std::move(at->file));
    estate_.erase(at);
    return taken;
  }
  return absl::NotFoundError("it was not open");
}

absl::StatusOr<Connection> FakeKernel::TakeConnection(uint64_t cookie) {
  if (absl::Status failed = Admit(Call::kTakeOver); !failed.ok()) return failed;
  for (auto at = estate_.begin(); at != estate_.end(); ++at) {
    if (at->arrived || at->file->talk == nullptr || at->file->talk->id != cookie) continue;
    Connection taken = Open(std::move(at->file));
    estate_.erase(at);
    return taken;
  }
  return absl::NotFoundError("it was not open");
}

std::vector<Connection> FakeKernel::TakeConnections(const Port& port) {
  std::vector<Connection> taken;
  if (Killed()) return taken;
  for (auto at = estate_.begin(); at != estate_.end();) {
    const auto& talk = at->file->talk;
    const bool its = !at->arrived && talk != nullptr && ToText(talk->local) == ToText(port.bound);
    if (its) taken.push_back(Open(std::move(at->file)));
    at = its ? estate_.erase(at) : at + 1;
  }
  return taken;
}

// Null: none that is any good was left at that address. One that is not goes, for a new one.
std::shared_ptr<FakeFile> FakeKernel::TakeListener(const ListenSpec& spec) {
  const auto at_address = [&](const FakeDescriptors::Left& left) {
    return !left.arrived && left.file->talk == nullptr && left.file->spec.type == spec.type &&
           ToText(left.file->bound) == ToText(spec.address);
  };
  const auto found = std::find_if(estate_.begin(), estate_.end(), at_address);
  if (found == estate_.end()) return nullptr;
  std::shared_ptr<FakeFile> file = std::move(found->file);
  estate_.erase(found);
  if (file->broken || !ports_.HasItsNode(*file)) return nullptr;
  file->spec = spec;
  return file;
}

absl::StatusOr<Group> FakeKernel::AdoptGroup(GroupId id, Token token) {
  if (absl::Status failed = Admit(Call::kAdoptGroup); !failed.ok()) return failed;
  return groups_.Adopt(*this, id, token);
}

std::vector<int> FakeKernel::Members(const Group& group) {
  if (Killed()) return {};
  return processes_.Members(group.id());
}

ProcessId FakeKernel::IdOf(const Child& child) {
  if (Killed()) return {};
  return processes_.IdOf(child.handle());
}

absl::StatusOr<Child> FakeKernel::Readopt(ProcessId id, const Group& group, Token token) {
  if (absl::Status failed = Admit(Call::kReadopt); !failed.ok()) return failed;
  return processes_.Readopt(*this, id, group.id(), token);
}

void FakeKernel::EndTakeOver() {
  if (Killed()) return;
  estate_.clear();
  for (const GroupId group : groups_.EndTakeOver())
    processes_.SignalGroup(group, SIGKILL);
  processes_.EndTakeOver();
}

}  // namespace socketd::sim
