// The only way to print an answer. A verb says what it has to say once, in every form; the printer
// of the chosen format (-o) takes the form it needs. Owned by the session, main thread only.
//
// table and wide align what was gathered since the last Flush; json prints one object a line, yaml
// one document a message, name one name a line, each at once, so that they work for streams too.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace socketd::cli {

// How a word is coloured on a terminal.
enum class Tone { kPlain, kGood, kBusy, kBad, kFaint };

// `text` in the colour of `tone`; as it is where colour is off.
std::string Tinted(absl::string_view text, Tone tone, bool colour);

// `text` from elsewhere with control characters replaced by "?", so that it cannot drive a
// terminal; newline and tabulator stay.
std::string Harmless(absl::string_view text);

struct Column {
  absl::string_view title;
  bool wide_only = false;
};

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

using Row = std::vector<Cell>;

// One answer in all its forms.
struct Answer {
  const google::protobuf::Message* message = nullptr;  // json, yaml; read during Print only
  std::string name;                                    // name; empty: nothing
  std::vector<Row> rows;                               // table, wide
  std::string text;                   // table, wide: instead of rows; may be coloured
  const std::string* json = nullptr;  // json, yaml: one line instead of a message
};

class Printer {
 public:
  virtual ~Printer() = default;
  // The columns of the rows that follow.
  virtual void Columns(std::vector<Column> columns) = 0;
  virtual void Print(const Answer& answer) = 0;
  // Ends a table; `legend` is a line below it ("3 units."), if legends are wanted.
  virtual void Flush(absl::string_view legend) = 0;
};

struct PrinterSettings {
  bool colour = false;
  bool legend = true;  // titles and the line below
};

std::unique_ptr<Printer> NewTablePrinter(std::ostream& out, PrinterSettings settings, bool wide);
std::unique_ptr<Printer> NewJsonPrinter(std::ostream& out);
std::unique_ptr<Printer> NewYamlPrinter(std::ostream& out);
std::unique_ptr<Printer> NewNamePrinter(std::ostream& out);
// Prints nothing (--quiet).
std::unique_ptr<Printer> NewSilentPrinter();

// The message as one line of JSON with protobuf's names, unset fields left out.
std::string ToJson(const google::protobuf::Message& message);

// The answer's own JSON, or that of its message; empty if it has neither.
std::string JsonOf(const Answer& answer);

}  // namespace socketd::cli
