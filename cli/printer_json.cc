#include <ostream>

#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"

#include "cli/printer.h"

namespace socketd::cli {
namespace {

class JsonPrinter final : public Printer {
 public:
  explicit JsonPrinter(std::ostream& out) : out_(out) {}
  void Columns(std::vector<Column> /*columns*/) override {}
  void Print(const Answer& answer) override {
    const std::string json = JsonOf(answer);
    if (!json.empty()) out_ << json << "\n" << std::flush;
  }
  void Flush(absl::string_view /*legend*/) override {}

 private:
  std::ostream& out_;
};

}  // namespace

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  // It can only fail for an Any of unknown type, and the API has none.
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  return status.ok() ? json : "{}";
}

std::string JsonOf(const Answer& answer) {
  if (answer.json != nullptr) return *answer.json;
  return answer.message == nullptr ? "" : ToJson(*answer.message);
}

std::unique_ptr<Printer> NewJsonPrinter(std::ostream& out) {
  return std::make_unique<JsonPrinter>(out);
}

}  // namespace socketd::cli
