#include "cli/session.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "cli/client.h"
#include "cli/failure.h"

namespace socketd::cli {
namespace {

// Every suffix that systemd knows: "web.timer" is never meant as "web.timer.service".
constexpr std::array<absl::string_view, 11> kSuffixes = {
    ".service",   ".socket", ".target", ".timer", ".path", ".mount",
    ".automount", ".swap",   ".device", ".slice", ".scope"};

constexpr absl::string_view kPrefix = "units/";

absl::StatusOr<std::vector<std::string>> NamesMatching(const Session& session,
                                                       absl::string_view pattern) {
  v1::ListUnitsRequest request;
  request.add_patterns(std::string(pattern));
  request.set_view(v1::UNIT_VIEW_BASIC);
  const absl::StatusOr<v1::ListUnitsResponse> list = session.client.List(request);
  if (!list.ok()) return list.status();
  std::vector<std::string> names;
  for (const v1::Unit& unit : list->units()) {
    if (unit.status().load_state() != v1::LOAD_STATE_NOT_FOUND) {
      names.push_back(FullUnitName(unit.name()));
    }
  }
  return names;
}

// The units that an operand names; a pattern that names none is a failure.
absl::StatusOr<std::vector<std::string>> UnitsOf(const Session& session,
                                                 const std::string& operand) {
  if (!IsPattern(operand)) return std::vector<std::string>{FullUnitName(operand)};
  absl::StatusOr<std::vector<std::string>> units = NamesMatching(session, operand);
  if (units.ok() && units->empty()) {
    return WithHint(absl::NotFoundError("no unit matches the pattern"), "see 'socketctl list'");
  }
  return units;
}

// Who asks for "web" and has only web.socket should be told so.
absl::Status WithSiblings(const Session& session, const std::string& unit, absl::Status status) {
  if (!absl::IsNotFound(status)) return status;
  const std::string stem = unit.substr(0, unit.rfind('.'));
  const auto names = NamesMatching(session, absl::StrCat(stem, ".*"));
  if (!names.ok() || names->empty()) return WithHint(std::move(status), "see 'socketctl list'");
  return WithHint(std::move(status),
                  absl::StrCat("there is ", absl::StrJoin(*names, ", "), "; try 'socketctl ",
                               session.verb, " ", names->front(), "'"));
}

// False if the rest need not be tried.
bool GoOn(const absl::Status& status) {
  return !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status);
}

}  // namespace

void Session::Say(absl::string_view text) const {
  around.err << "socketctl: " << verb << ": " << Harmless(text) << "\n" << std::flush;
}

ExitCode Session::Fail(absl::string_view subject, const absl::Status& status) const {
  Say(absl::StrCat(subject, subject.empty() ? "" : ": ", Sentence(status)));
  return ExitCodeOf(status);
}

ExitCode ForEachUnit(const Session& session,
                     const std::function<absl::StatusOr<ExitCode>(const std::string&)>& act) {
  std::vector<ExitCode> codes;
  absl::Status last;
  const auto fail = [&](const std::string& subject, absl::Status status) {
    last = std::move(status);
    return session.Fail(subject, last);
  };
  const auto try_unit = [&](const std::string& unit) {
    const absl::StatusOr<ExitCode> code = act(unit);
    return code.ok() ? *code : fail(unit, WithSiblings(session, unit, code.status()));
  };
  for (const std::string& operand : session.options.operands) {
    const absl::StatusOr<std::vector<std::string>> units = UnitsOf(session, operand);
    if (!units.ok()) codes.push_back(fail(operand, units.status()));
    for (const std::string& unit : units.value_or(std::vector<std::string>())) {
      codes.push_back(try_unit(unit));
      if (!GoOn(last)) break;
    }
    if (!GoOn(last)) break;
  }
  return FoldExitCodes(codes);
}

absl::Status RefuseUnheld(const v1::Unit& unit) {
  if (unit.status().load_state() != v1::LOAD_STATE_NOT_FOUND) return absl::OkStatus();
  return absl::NotFoundError("other units refer to it, but no file has it");
}

std::string FullUnitName(absl::string_view operand) {
  absl::ConsumePrefix(&operand, kPrefix);
  const bool whole = std::any_of(kSuffixes.begin(), kSuffixes.end(), [&](absl::string_view suffix) {
    return operand.size() > suffix.size() && absl::EndsWith(operand, suffix);
  });
  return whole ? std::string(operand) : absl::StrCat(operand, ".service");
}

bool IsPattern(absl::string_view operand) {
  return operand.find_first_of("*?[") != absl::string_view::npos;
}

}  // namespace socketd::cli
