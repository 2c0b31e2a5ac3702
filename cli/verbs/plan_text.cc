#include "cli/verbs/plan_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "cli/printer.h"

namespace socketd::cli {
namespace {

struct Word {
  absl::string_view text;
  Tone tone;
};

Word WordOf(v1::UnitChange::Action action) {
  switch (action) {
    case v1::UnitChange::ACTION_CREATE:
      return {"create", Tone::kGood};
    case v1::UnitChange::ACTION_CHANGE:
      return {"change", Tone::kBusy};
    case v1::UnitChange::ACTION_REMOVE:
      return {"remove", Tone::kBad};
    default:
      return {"unchanged", Tone::kFaint};
  }
}

Word WordOf(v1::ListenerChange::Action action) {
  switch (action) {
    case v1::ListenerChange::ACTION_OPEN:
      return {"open", Tone::kGood};
    case v1::ListenerChange::ACTION_CLOSE:
      return {"close", Tone::kBad};
    default:
      return {"keep", Tone::kPlain};
  }
}

class Diff {
 public:
  explicit Diff(bool colour) : colour_(colour) {}

  void Add(const v1::UnitChange& change) {
    const Word word = WordOf(change.action());
    Line(Tinted(word.text, word.tone, colour_), " ", change.unit());
    std::string section;
    for (const v1::DirectiveChange& directive : change.directives()) {
      if (section != directive.section()) Line("    [", directive.section(), "]");
      section = directive.section();
      for (const std::string& value : directive.from())
        Value("  - ", Tone::kBad, directive.key(), value);
      for (const std::string& value : directive.to())
        Value("  + ", Tone::kGood, directive.key(), value);
    }
    for (const v1::ListenerChange& listener : change.listeners())
      AddListener(listener);
    if (change.at_next_start_size() > 0)
      Line("    at the next start: ", absl::StrJoin(change.at_next_start(), ", "));
  }

  template <typename... Parts>
  void Line(const Parts&... parts) {
    absl::StrAppend(&text_, parts..., "\n");
  }

  std::string Take() { return std::move(text_); }

 private:
  void Value(absl::string_view mark, Tone tone, const std::string& key, const std::string& value) {
    Line(Tinted(absl::StrCat(mark, key, "=", Harmless(value)), tone, colour_));
  }

  void AddListener(const v1::ListenerChange& listener) {
    const Word word = WordOf(listener.action());
    std::string more;
    if (listener.set_live_size() > 0)
      absl::StrAppend(&more, ", set ", absl::StrJoin(listener.set_live(), " "));
    if (listener.at_next_start_size() > 0)
      absl::StrAppend(&more, ", at the next start ", absl::StrJoin(listener.at_next_start(), " "));
    Line("    ", Tinted(word.text, word.tone, colour_), " ", listener.kind(), "=",
         Harmless(listener.address()), more);
  }

  const bool colour_;
  std::string text_;
};

}  // namespace

std::string NamesOf(const v1::Plan& plan) {
  return absl::StrJoin(plan.units(), "\n", [](std::string* out, const v1::UnitChange& change) {
    out->append(change.unit());
  });
}

std::string PlanText(const v1::Plan& plan, const std::string& restarts, bool colour) {
  Diff diff(colour);
  for (const v1::UnitChange& change : plan.units())
    diff.Add(change);
  if (plan.restarts_size() > 0) diff.Line(restarts, absl::StrJoin(plan.restarts(), " "));
  return diff.Take();
}

}  // namespace socketd::cli
