#include "server/unit/problem.h"

#include "absl/strings/str_cat.h"

namespace socketd {

std::string ToText(const Problem& problem) {
  std::string place;
  if (!problem.file.empty()) absl::StrAppend(&place, problem.file, ":");
  if (problem.line > 0) absl::StrAppend(&place, problem.line, ":");
  if (!place.empty()) place += ' ';
  if (!problem.section.empty()) absl::StrAppend(&place, "[", problem.section, "] ");
  if (!problem.key.empty()) absl::StrAppend(&place, problem.key, "=: ");
  if (place.empty() && !problem.field.empty()) absl::StrAppend(&place, problem.field, ": ");
  return absl::StrCat(place, problem.message);
}

}  // namespace socketd
