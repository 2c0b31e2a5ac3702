#include "server/api/list_units.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_field.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/convert.h"
#include "server/api/limits.h"
#include "server/api/pages.h"
#include "server/api/patterns.h"

namespace socketd {
namespace {

using Words = google::protobuf::RepeatedPtrField<std::string>;

bool Contains(const Words& words, absl::string_view word) {
  return std::any_of(words.begin(), words.end(),
                     [word](const std::string& each) { return each == word; });
}

bool MatchesState(const Words& states, const UnitSnapshot& unit) {
  return states.empty() || Contains(states, NameOf(unit.active_state)) ||
         Contains(states, unit.sub_state) || Contains(states, NameOf(unit.load_state));
}

bool MatchesType(const Words& types, const UnitSnapshot& unit) {
  const absl::string_view name = unit.name;
  return types.empty() || Contains(types, name.substr(name.rfind('.') + 1));
}

// A template never runs: it is shown to those who ask for it.
bool IsAskedFor(const v1::ListUnitsRequest& request, const UnitSnapshot& unit) {
  return unit.sub_state != "template" || Contains(request.states(), unit.sub_state) ||
         Contains(request.patterns(), unit.name);
}

bool Matches(const v1::ListUnitsRequest& request,
             const Patterns& patterns,
             const UnitSnapshot& unit) {
  return patterns.Match(unit.name) && MatchesType(request.types(), unit) &&
         MatchesState(request.states(), unit) && IsAskedFor(request, unit);
}

// What a page token is good for: the filters, without the size, the view and the token.
std::string QuestionOf(const v1::ListUnitsRequest& request) {
  std::string question;
  for (const Words* words : {&request.patterns(), &request.types(), &request.states()}) {
    for (const std::string& word : *words)
      absl::StrAppend(&question, word.size(), ":", word);
    question += ';';
  }
  return question;
}

struct Page {
  size_t size = 0;
  View view = View::kBasic;
  size_t bytes = 0;
};

// False: the page is full without this unit.
bool Add(const UnitSnapshot& unit, Page& page, v1::ListUnitsResponse& response) {
  if (static_cast<size_t>(response.units_size()) == page.size) return false;
  v1::Unit message;
  Convert(unit, page.view, message);
  page.bytes += message.ByteSizeLong();
  // One unit is always sent, however big it is: else the client would turn in circles.
  if (page.bytes > kPageBytesLimit && response.units_size() > 0) return false;
  *response.add_units() = std::move(message);
  return true;
}

// Ends a full page; the next one goes on after `last`.
absl::Status Cut(v1::ListUnitsResponse& response,
                 const std::string& last,
                 const std::string& question) {
  response.set_next_page_token(MakePageToken(last, question));
  return absl::OkStatus();
}

}  // namespace

absl::Status ListUnits(const Board& board,
                       const v1::ListUnitsRequest& request,
                       v1::ListUnitsResponse& response) {
  const absl::StatusOr<int> size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  const absl::StatusOr<Patterns> patterns =
      Patterns::Parse({request.patterns().begin(), request.patterns().end()}, "patterns");
  if (!patterns.ok()) return patterns.status();
  const std::string question = QuestionOf(request);
  absl::StatusOr<std::string> after = ReadPageToken(request.page_token(), question);
  if (!after.ok()) return after.status();

  Page page{.size = static_cast<size_t>(*size),
            .view = request.view() == v1::UNIT_VIEW_FULL ? View::kFull : View::kBasic};
  response.set_revision(board.revision());
  std::string last = *std::move(after);
  while (true) {
    const std::vector<UnitSnapshotPtr> units = board.After(last, kUnitsPerRead);
    if (units.empty()) return absl::OkStatus();
    for (const UnitSnapshotPtr& unit : units) {
      const bool wanted = Matches(request, *patterns, *unit);
      if (wanted && !Add(*unit, page, response)) return Cut(response, last, question);
      last = unit->name;
    }
  }
}

}  // namespace socketd
