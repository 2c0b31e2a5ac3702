// Units to be changed together: what callers want is read, checked and compared with what is there
// before anything is touched. One for each request. Owned by the engine core for one call; engine
// thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/engine/engine_handle.h"
#include "server/engine/engine_options.h"
#include "server/engine/plan.h"
#include "server/engine/unit_table.h"
#include "server/kernel/kernel.h"
#include "server/unit/overlay_files.h"

namespace socketd {

class ChangeSet {
 public:
  ChangeSet(UnitTable& table, const EngineOptions& options)
      : table_(table), options_(options), files_(*options.files) {}

  // Reads and checks everything; nothing is changed.
  absl::Status Read(const ApplyRequest& request);

  // OK if nothing has happened to the units, and to nobody else's eyes to their files, since the
  // revision; else ABORTED (PLAN_STALE).
  absl::Status CheckRevision(int64_t revision, const History& history) const;

  // What it comes to, without a revision.
  ChangePlan Plan() const;

  struct Outcome {
    Unit* unit = nullptr;
    UnitChange::Action action = UnitChange::Action::kUnchanged;
  };
  // Does what Plan() says: opens ports, writes files, takes the definitions, closes ports. After a
  // failure all is as it was.
  absl::StatusOr<std::vector<Outcome>> CarryOut(const ChangePlan& plan, Kernel& kernel);

 private:
  struct Member {
    UnitName name;
    Unit* unit;            // null: nobody has asked for it yet
    DefinitionPtr before;  // never null
    DefinitionPtr after;
  };

  absl::Status Take(const UnitSource& source);
  absl::Status OpenPorts();
  absl::Status WriteFiles(const ChangePlan& plan, Kernel& kernel);
  absl::Status WriteFile(Kernel& kernel, const UnitName& name);
  void Undo(Kernel& kernel);
  Unit* TakeOver(const Member& member);
  absl::Status CheckPlace(const UnitName& name, const LoadedUnit& present) const;
  absl::Status CheckRemoval(const Member& member) const;
  absl::Status CheckMember(const Member& member) const;
  DefinitionPtr Present(const UnitName& name) const;
  std::string PathOf(const UnitName& name) const;
  bool Has(absl::string_view unit) const;
  bool Asked(const UnitName& name) const;
  void AddMember(const UnitName& name);
  // The unit itself, and what runs of it if it is a template.
  absl::Status AddMembers(const UnitName& name, bool remove);
  static PlanSubject SubjectOf(const Member& member);
  void AddRestarts(const Member& member, const UnitChange& change, ChangePlan& plan) const;

  UnitTable& table_;
  const EngineOptions& options_;
  OverlayFiles files_;
  std::vector<UnitName> wanted_;     // in the order of the request
  std::vector<Member> members_;      // in the order of the plan
  std::vector<SocketUnit*> opened_;  // whose new ports are open
  struct Written {
    std::string path;
    std::optional<std::string> before;  // none: there was no file
  };
  std::vector<Written> written_;
};

}  // namespace socketd
