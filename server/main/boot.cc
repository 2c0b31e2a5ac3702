#include "server/main/boot.h"

#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/log.h"
#include "server/unit/unit_name.h"

namespace socketd {
namespace {

constexpr absl::string_view kFolders[] = {"sockets.target.wants", "sockets.target.requires",
                                          "default.target.wants", "default.target.requires"};

void Collect(UnitFiles& files, const std::string& folder, std::set<std::string>& names) {
  const absl::StatusOr<std::vector<UnitFiles::Entry>> entries = files.List(folder);
  if (!entries.ok()) {
    if (!absl::IsNotFound(entries.status()))
      LogFailure(Level::kWarning, "boot.unreadable", entries.status(), {{"folder", folder}});
    return;
  }
  for (const UnitFiles::Entry& entry : *entries) {
    const absl::StatusOr<UnitName> name = UnitName::Parse(entry.name);
    if (name.ok() && !name->is_template()) names.insert(name->text());
  }
}

bool IsSocket(const std::string& unit) {
  const absl::StatusOr<UnitName> name = UnitName::Parse(unit);
  return name.ok() && name->type() == UnitType::kSocket;
}

}  // namespace

std::vector<std::string> WantedAtBoot(UnitFiles& files,
                                      const std::vector<std::string>& unit_paths) {
  std::set<std::string> names;
  for (const std::string& path : unit_paths)
    for (const absl::string_view folder : kFolders)
      Collect(files, absl::StrCat(path, "/", folder), names);
  return {names.begin(), names.end()};
}

void StartUnits(EngineHandle& engine,
                const std::vector<std::string>& units,
                std::function<void()> done) {
  // Called when the last answer that is waited for lets go of it.
  const std::shared_ptr<void> all(nullptr, [done = std::move(done)](void*) { done(); });
  for (const std::string& unit : units) {
    JobRequest request;
    request.unit = unit;
    request.requester = "socketd, at its start";
    request.no_wait = !IsSocket(unit);
    engine.Submit(std::move(request), [unit, all](const absl::StatusOr<JobReport>& report) {
      if (!report.ok())
        LogFailure(Level::kWarning, "boot.failed", report.status(), {{"unit", unit}});
    });
  }
}

}  // namespace socketd
