#include "tests/sim/outside_view.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/engine/machine.h"
#include "server/engine/socket_machine.h"
#include "server/unit/unit_name.h"
#include "tests/sim/world.h"

namespace socketd::sim {
namespace {

template <typename Row>
std::optional<StateOf<Row>> StateNamed(const Table<Row>& table, absl::string_view name) {
  for (const Row& row : table) {
    if (NameOf(row.state) == name) return row.state;
  }
  return std::nullopt;
}

bool KeepsPorts(const UnitSnapshot& unit) {
  const auto state = StateNamed(kSocketMachine, unit.sub_state);
  return state.has_value() && kSocketMachine[IndexOf(*state)].ports == Ports::kKept;
}

// Units whose file lets processes live on.
bool MayLeaveProcesses(const World& world, const std::string& name) {
  const auto parsed = UnitName::Parse(name);
  if (!parsed.ok()) return false;
  std::string path = absl::StrCat(kUnitPath, "/", parsed->text());
  const FakeFiles& files = world.kernel().files();
  if (files.Find(path) == nullptr)
    path = absl::StrCat(kUnitPath, "/", parsed->TemplateName().text());
  const FakeFiles::Node* file = files.Find(path);
  if (file == nullptr) return false;
  return absl::StrContains(file->text, "KillMode=none") ||
         absl::StrContains(file->text, "KillMode=process") ||
         absl::StrContains(file->text, "SendSIGKILL=no");
}

bool Preserves(const UnitSnapshot& unit, v1::ServiceSpec::StorePreserve preserve) {
  return unit.definition != nullptr &&
         unit.definition->service().file_descriptor_store_preserve() == preserve;
}

bool StaysAtRest(const UnitSnapshot& unit) {
  const bool failed = unit.active_state == ActiveState::kFailed;
  return Preserves(unit, v1::ServiceSpec::STORE_PRESERVE_YES) ||
         (!failed && Preserves(unit, v1::ServiceSpec::STORE_PRESERVE_ON_SUCCESS));
}

void LookAtProcesses(const World& world, std::vector<std::string>& problems) {
  if (world.kernel().lost_kills() > 0) return;  // then it may be that nothing else can be done
  for (const auto& [pid, process] : world.kernel().processes().all()) {
    if (!process.alive || process.script.reactions.count(9) > 0) continue;
    const std::string group = world.kernel().groups().NameOf(process.group);
    const std::string name = group.substr(0, group.find('#'));
    const UnitSnapshotPtr unit = world.Find(name);
    if (unit != nullptr && !AtRest(unit->active_state)) continue;
    if (MayLeaveProcesses(world, name)) continue;
    problems.push_back(absl::StrCat(process.program, " lives on in ", group, ", which is ",
                                    unit == nullptr ? "gone" : unit->sub_state));
  }
}

void LookAtPorts(World& world, std::vector<std::string>& problems) {
  size_t bound = 0;
  size_t watched = 0;
  for (const UnitSnapshotPtr& unit : world.units()) {
    const auto& listeners = unit->socket.listeners;
    const auto open = static_cast<size_t>(
        std::count_if(listeners.begin(), listeners.end(),
                      [](const ListenerSnapshot& listener) { return !listener.bound.empty(); }));
    bound += open;
    if (open > 0 && !KeepsPorts(*unit)) {
      problems.push_back(absl::StrCat(unit->name, " is ", unit->sub_state, " with open ports"));
    }
    if (unit->sub_state != "listening") continue;
    watched += open;
    for (const ListenerSnapshot& listener : listeners) {
      const bool waits = world.kernel().ports().Waiting(listener.bound) > 0;
      // A pending stop keeps what comes for later.
      if (!waits || !unit->job.empty() || world.loop().timers().armed() > 0) continue;
      problems.push_back(absl::StrCat(listener.bound, " has traffic and nobody cares"));
    }
  }
  const FakeDescriptors& ledger = world.kernel().descriptors();
  if (ledger.listening() != bound) {
    problems.push_back(absl::StrCat(ledger.listening(), " ports open, ", bound, " shown"));
  }
  if (ledger.listening_armed() > watched) {
    problems.push_back(
        absl::StrCat(ledger.listening_armed(), " ports armed, ", watched, " listening"));
  }
}

// Every descriptor that a process has left for its unit is there once, if it is to be there at all.
void LookAtStores(World& world, std::vector<std::string>& problems) {
  if (world.kernel().faults().any()) return;  // then it may be that there was no way
  FakeProcesses& processes = world.kernel().processes();
  if (!processes.has_deposits()) return;
  for (const UnitSnapshotPtr& unit : world.units()) {
    const size_t kept = unit->service.stored == nullptr ? 0 : unit->service.stored->size();
    const bool rests = AtRest(unit->active_state) && unit->job.empty();
    const bool ends_with_run = Preserves(*unit, v1::ServiceSpec::STORE_PRESERVE_NO);
    if (ends_with_run || (rests && (world.shutting_down() || !StaysAtRest(*unit))))
      processes.DropDeposits(unit->name);
    if (ends_with_run) continue;
    size_t expected = 0;
    for (const Deposit& deposit : processes.deposits(unit->name)) {
      const auto file = deposit.file.lock();
      const bool gone = file == nullptr || (deposit.watched && ReadinessOf(*file).hang_up);
      expected += gone ? 0 : 1;
    }
    if (kept == expected || expected > unit->service.store_most) continue;
    problems.push_back(
        absl::StrCat(unit->name, " left ", expected, " descriptors, and ", kept, " are kept"));
  }
}

}  // namespace

std::vector<std::string> LookAtRest(World& world) {
  std::vector<std::string> problems;
  LookAtStores(world, problems);
  LookAtPorts(world, problems);
  LookAtProcesses(world, problems);
  return problems;
}

std::vector<std::string> LookAtTheEnd(World& world) {
  std::vector<std::string> problems;
  for (const UnitSnapshotPtr& unit : world.units()) {
    if (!AtRest(unit->active_state))
      problems.push_back(absl::StrCat(unit->name, " is ", unit->sub_state));
    if (!unit->job.empty()) problems.push_back(absl::StrCat(unit->name, " has a job"));
  }
  for (const auto& asked : world.asked()) {
    if (!asked->done) problems.push_back(absl::StrCat("nobody answered for ", asked->unit));
  }
  if (world.kernel().processes().children() > 0) problems.push_back("a child is still held");
  if (world.kernel().groups().owned() > 0) problems.push_back("a group is still held");
  for (const std::string& open : world.kernel().descriptors().open()) {
    if (!absl::StrContains(open, kNotifyPath)) problems.push_back(absl::StrCat("leaked ", open));
  }
  return problems;
}

}  // namespace socketd::sim
