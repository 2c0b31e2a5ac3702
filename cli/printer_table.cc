#include <algorithm>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"

#include "cli/printer.h"

namespace socketd::cli {
namespace {

constexpr unsigned char kFirstPrintable = 0x20;
constexpr unsigned char kDelete = 0x7f;

absl::string_view ColourCode(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "\033[32m";
    case Tone::kBusy:
      return "\033[33m";
    case Tone::kBad:
      return "\033[1;31m";
    case Tone::kFaint:
      return "\033[2m";
    case Tone::kPlain:
      break;
  }
  return "";
}

// Columns on the screen, near enough: bytes that begin a UTF-8 character.
size_t Width(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

class TablePrinter final : public Printer {
 public:
  TablePrinter(std::ostream& out, PrinterSettings settings, bool wide)
      : out_(out), settings_(settings), wide_(wide) {}

  void Columns(std::vector<Column> columns) override { columns_ = std::move(columns); }

  void Print(const Answer& answer) override {
    if (!answer.text.empty()) out_ << answer.text << std::flush;
    rows_.insert(rows_.end(), answer.rows.begin(), answer.rows.end());
  }

  void Flush(absl::string_view legend) override {
    const std::vector<size_t> widths = Widths();
    if (settings_.legend && !rows_.empty()) PrintTitles(widths);
    for (const Row& row : rows_)
      PrintRow(row, widths);
    if (settings_.legend && !legend.empty()) out_ << (rows_.empty() ? "" : "\n") << legend << "\n";
    rows_.clear();
    out_ << std::flush;
  }

 private:
  bool Shown(size_t column) const {
    return column < columns_.size() && (wide_ || !columns_[column].wide_only);
  }

  std::vector<size_t> Widths() const {
    std::vector<size_t> widths;
    widths.reserve(columns_.size());
    for (const Column& column : columns_) {
      widths.push_back(settings_.legend ? column.title.size() : 0);
    }
    for (const Row& row : rows_) {
      for (size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
        widths[i] = std::max(widths[i], Width(Harmless(row[i].text)));
      }
    }
    return widths;
  }

  void PrintTitles(const std::vector<size_t>& widths) {
    Row titles;
    for (const Column& column : columns_)
      titles.push_back({std::string(column.title)});
    PrintRow(titles, widths);
  }

  void PrintRow(const Row& row, const std::vector<size_t>& widths) {
    std::string line;
    size_t gap = 0;  // spaces owed before the next word: none are left at the end of a line
    for (size_t i = 0; i < row.size(); ++i) {
      if (!Shown(i)) continue;
      const std::string text = Harmless(row[i].text);
      if (!text.empty()) {
        absl::StrAppend(&line, std::string(gap, ' '));
        absl::StrAppend(&line, Tinted(text, row[i].tone, settings_.colour));
        gap = 0;
      }
      gap += widths[i] - Width(text) + 1;
    }
    out_ << line << "\n";
  }

  std::ostream& out_;
  PrinterSettings settings_;
  bool wide_;
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

class SilentPrinter final : public Printer {
 public:
  void Columns(std::vector<Column> /*columns*/) override {}
  void Print(const Answer& /*answer*/) override {}
  void Flush(absl::string_view /*legend*/) override {}
};

class NamePrinter final : public Printer {
 public:
  explicit NamePrinter(std::ostream& out) : out_(out) {}
  void Columns(std::vector<Column> /*columns*/) override {}
  void Print(const Answer& answer) override {
    if (!answer.name.empty()) out_ << answer.name << "\n" << std::flush;
  }
  void Flush(absl::string_view /*legend*/) override {}

 private:
  std::ostream& out_;
};

}  // namespace

std::string Tinted(absl::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::kPlain) return std::string(text);
  return absl::StrCat(ColourCode(tone), text, "\033[0m");
}

std::string Harmless(absl::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < kFirstPrintable && c != '\n' && c != '\t') || byte == kDelete) c = '?';
  }
  return safe;
}

std::unique_ptr<Printer> NewTablePrinter(std::ostream& out, PrinterSettings settings, bool wide) {
  return std::make_unique<TablePrinter>(out, settings, wide);
}

std::unique_ptr<Printer> NewNamePrinter(std::ostream& out) {
  return std::make_unique<NamePrinter>(out);
}

std::unique_ptr<Printer> NewSilentPrinter() {
  return std::make_unique<SilentPrinter>();
}

}  // namespace socketd::cli
