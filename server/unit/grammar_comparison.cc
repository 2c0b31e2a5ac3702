#include "server/unit/grammar_comparison.h"

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

#include "server/base/glob.h"
#include "server/base/version_order.h"
#include "server/unit/grammar.h"
#include "server/unit/grammar_name.h"
#include "server/unit/grammar_number.h"
#include "server/unit/grammar_words.h"

namespace socketd {
namespace {

struct Sign {
  absl::string_view text;
  Operator meaning;
};

// Longer ones first.
constexpr std::array<Sign, 10> kSigns = {{
    {"!$=", Operator::kMatchesNot},
    {"$=", Operator::kMatches},
    {"<>", Operator::kUnequal},
    {"<=", Operator::kLessOrEqual},
    {">=", Operator::kGreaterOrEqual},
    {"!=", Operator::kUnequal},
    {"==", Operator::kEqual},
    {"=", Operator::kEqual},
    {"<", Operator::kLess},
    {">", Operator::kGreater},
}};

// Takes an operator off the front.
std::optional<Operator> TakeOperator(absl::string_view& text) {
  for (const Sign& sign : kSigns) {
    if (!absl::StartsWith(text, sign.text)) continue;
    text.remove_prefix(sign.text.size());
    return sign.meaning;
  }
  return std::nullopt;
}

bool OrderHolds(Operator by, int order) {
  switch (by) {
    case Operator::kLess:
      return order < 0;
    case Operator::kLessOrEqual:
      return order <= 0;
    case Operator::kEqual:
    case Operator::kMatches:
      return order == 0;
    case Operator::kUnequal:
    case Operator::kMatchesNot:
      return order != 0;
    case Operator::kGreaterOrEqual:
      return order >= 0;
    case Operator::kGreater:
      return order > 0;
  }
  return false;
}

absl::StatusOr<NumberComparison> ParseComparison(
    absl::string_view text, absl::StatusOr<uint64_t> (*parse)(absl::string_view)) {
  NumberComparison comparison;
  if (const auto by = TakeOperator(text)) comparison.by = *by;
  if (comparison.by == Operator::kMatches || comparison.by == Operator::kMatchesNot) {
    return Expected("an operator for numbers: <, <=, =, !=, >= or >");
  }
  const absl::StatusOr<uint64_t> operand = parse(absl::StripAsciiWhitespace(text));
  if (!operand.ok()) return operand.status();
  comparison.operand = *operand;
  return comparison;
}

// A word is a comparison or a pattern.
TextComparison VersionWord(absl::string_view word) {
  TextComparison comparison;
  word = absl::StripAsciiWhitespace(word);
  comparison.by = Operator::kMatches;
  if (const auto by = TakeOperator(word)) comparison.by = *by;
  comparison.operand = std::string(absl::StripAsciiWhitespace(word));
  return comparison;
}

// Takes "kernel", "glibc" or "systemd" off the front.
Component TakeComponent(std::vector<Word>& words) {
  static constexpr std::array<std::pair<absl::string_view, Component>, 3> kComponents = {{
      {"kernel", Component::kKernel},
      {"glibc", Component::kGlibc},
      {"systemd", Component::kSystemd},
  }};
  for (const auto& [name, component] : kComponents) {
    if (words.empty() || words.front().text != name) continue;
    words.erase(words.begin());
    return component;
  }
  return Component::kKernel;
}

}  // namespace

bool NumberComparison::Holds(uint64_t value) const {
  return OrderHolds(by, value < operand ? -1 : value > operand ? 1 : 0);
}

absl::StatusOr<NumberComparison> ParseNumberComparison(absl::string_view text) {
  return ParseComparison(text, &ParseUnsigned);
}

absl::StatusOr<NumberComparison> ParseSizeComparison(absl::string_view text) {
  return ParseComparison(text, &ParseSize);
}

bool TextComparison::Holds(absl::string_view value) const {
  switch (by) {
    case Operator::kMatches:
      return MatchesGlob(operand, value);
    case Operator::kMatchesNot:
      return !MatchesGlob(operand, value);
    case Operator::kEqual:
      return value == operand;
    case Operator::kUnequal:
      return value != operand;
    default:
      return OrderHolds(by, CompareVersions(value, operand));
  }
}

absl::StatusOr<VersionComparison> ParseVersionComparison(absl::string_view text) {
  auto words = SplitWords(text);
  if (!words.ok()) return words.status();
  VersionComparison comparison;
  comparison.component = TakeComponent(*words);
  for (size_t i = 0; i < words->size(); ++i) {
    TextComparison one = VersionWord((*words)[i].text);
    // The first operator may stand alone, its version after it.
    if (one.operand.empty() && i == 0 && words->size() > 1) one.operand = (*words)[++i].text;
    if (one.operand.empty()) return Expected("a version after the operator");
    comparison.all.push_back(std::move(one));
  }
  if (comparison.all.empty()) return Expected("a comparison with a version, as >=6.1");
  return comparison;
}

absl::StatusOr<std::vector<TextComparison>> ParseFieldComparisons(absl::string_view text) {
  const auto words = SplitWords(text);
  if (!words.ok()) return words.status();
  std::vector<TextComparison> comparisons;
  for (const Word& word : *words) {
    absl::string_view rest = word.text;
    TextComparison one;
    one.field = std::string(rest.substr(0, rest.find_first_of("!$<>=")));
    rest.remove_prefix(one.field.size());
    const auto by = TakeOperator(rest);
    if (!by.has_value() || !IsVariableName(one.field)) {
      return Expected("fields with an operator and a value, as ID=debian VERSION_ID>=12");
    }
    one.by = *by;
    one.operand = std::string(rest);
    comparisons.push_back(std::move(one));
  }
  if (comparisons.empty()) return Expected("a field with an operator and a value, as ID=debian");
  return comparisons;
}

}  // namespace socketd
