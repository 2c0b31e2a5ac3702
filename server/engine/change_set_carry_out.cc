// Doing what was planned: all of it or nothing.
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

absl::Status ChangeSet::WriteFiles(const ChangePlan& plan, Kernel& kernel) {
  for (size_t i = 0; i < members_.size(); ++i) {
    const UnitName& name = members_[i].name;
    if (!Asked(name) || plan.units[i].action == UnitChange::Action::kUnchanged) continue;
    if (absl::Status done = WriteFile(kernel, name); !done.ok()) return done;
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

// Without a file of its own it is what other folders say, if anything.
Unit* ChangeSet::TakeOver(const Member& member) {
  const bool loaded = member.after->loaded.state == LoadState::kLoaded;
  return loaded ? &table_.Adopt(member.after) : table_.Reload(member.name);
}

absl::StatusOr<std::vector<ChangeSet::Outcome>> ChangeSet::CarryOut(const ChangePlan& plan,
                                                                    Kernel& kernel) {
  absl::Status done = OpenPorts();
  if (done.ok()) done = WriteFiles(plan, kernel);
  if (!done.ok()) {
    Undo(kernel);
    return done;
  }
  std::vector<Outcome> outcomes;
  outcomes.reserve(members_.size());
  for (size_t i = 0; i < members_.size(); ++i) {
    const UnitChange::Action action = plan.units[i].action;
    const bool same = action == UnitChange::Action::kUnchanged;
    outcomes.push_back({same ? members_[i].unit : TakeOver(members_[i]), action});
  }
  for (SocketUnit* socket : std::exchange(opened_, {}))
    socket->CommitChange();
  written_.clear();
  return outcomes;
}

}  // namespace socketd
