// Doing what was planned: all of it or nothing.
#include <algorithm>
#include <utility>

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/change_set.h"
#include "server/engine/port_change.h"

namespace socketd {

absl::Status ChangeSet::OpenPorts() {
  for (const Member& member : members_) {
    const SocketSettings* const ports = SubjectOf(member).ports;
    const auto& wanted = member.after->socket;
    if (ports == nullptr || wanted == nullptr || !RunKeys(*ports, *wanted).empty()) continue;
    auto& socket = static_cast<SocketUnit&>(*member.unit);
    absl::Status prepared = socket.PrepareChange(wanted);
    if (!prepared.ok()) return WithFacts(prepared, {{"unit", member.name.text()}});
    opened_.push_back(&socket);
  }
  return absl::OkStatus();
}

absl::Status ChangeSet::WriteFile(Kernel& kernel, const UnitName& name) {
  const std::string path = PathOf(name);
  const absl::StatusOr<std::string> wanted = files_.Read(path);
  absl::StatusOr<std::string> before = options_.files->Read(path);
  if (!before.ok() && !absl::IsNotFound(before.status())) return before.status();
  const absl::Status done = wanted.ok() ? kernel.WriteFile(path, *wanted) : kernel.Remove(path, 0);
  if (!done.ok()) return WithFacts(done, {{"path", path}, {"unit", name.text()}});
  Written& written = written_.emplace_back();
  written.path = path;
  if (before.ok()) written.before = *std::move(before);
  return absl::OkStatus();
}

absl::Status ChangeSet::WriteFiles(Kernel& kernel) {
  for (const Member& member : members_) {
    const bool wanted = std::find(wanted_.begin(), wanted_.end(), member.name) != wanted_.end();
    if (!wanted ||
        PlanUnit(SubjectOf(member), *member.after).action == UnitChange::Action::kUnchanged)
      continue;
    if (absl::Status done = WriteFile(kernel, member.name); !done.ok()) return done;
  }
  return absl::OkStatus();
}

void ChangeSet::Undo(Kernel& kernel) {
  for (SocketUnit* socket : std::exchange(opened_, {}))
    socket->AbandonChange();
  for (const Written& written : std::exchange(written_, {})) {
    const absl::Status undone = written.before ? kernel.WriteFile(written.path, *written.before)
                                               : kernel.Remove(written.path, 0);
    if (!undone.ok())
      LogFailure(Level::kError, "unit.not-restored", undone, {{"path", written.path}});
  }
}

ChangeSet::Outcome ChangeSet::TakeOver(UnitTable& table, const Member& member) {
  Outcome outcome;
  outcome.action = PlanUnit(SubjectOf(member), *member.after).action;
  outcome.unit = member.unit;
  if (outcome.action == UnitChange::Action::kUnchanged) return outcome;
  // Without a file of its own it is what other folders say, if anything.
  const bool loaded = member.after->loaded.state == LoadState::kLoaded;
  outcome.unit = loaded ? &table.Adopt(member.after) : table.Reload(member.name);
  return outcome;
}

absl::StatusOr<std::vector<ChangeSet::Outcome>> ChangeSet::CarryOut(Kernel& kernel) {
  absl::Status done = OpenPorts();
  if (done.ok()) done = WriteFiles(kernel);
  if (!done.ok()) {
    Undo(kernel);
    return done;
  }
  std::vector<Outcome> outcomes;
  for (const Member& member : members_)
    outcomes.push_back(TakeOver(table_, member));
  for (SocketUnit* socket : std::exchange(opened_, {}))
    socket->CommitChange();
  written_.clear();
  return outcomes;
}

}  // namespace socketd
