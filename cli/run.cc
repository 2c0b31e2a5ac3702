#include "cli/run.h"

#include <memory>
#include <ostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "cli/address.h"
#include "cli/client.h"
#include "cli/command_line.h"
#include "cli/help.h"
#include "cli/verb.h"

namespace socketd::cli {
namespace {

// Reads come from the daemon's published state: no answer for so long means that it hangs.
constexpr absl::Duration kReadTimeout = absl::Seconds(20);

absl::StatusOr<absl::Duration> TimeoutOf(const Verb& verb, const Options& options) {
  if (options.timeout.empty()) {
    const bool waits = verb.group == VerbGroup::kAct || verb.name == "watch" ||
                       verb.name == "edit" || verb.name == "daemon-upgrade";
    return waits ? absl::InfiniteDuration() : kReadTimeout;
  }
  absl::Duration span;
  double seconds = 0;
  if (absl::SimpleAtod(options.timeout, &seconds)) {
    span = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(options.timeout, &span)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--timeout: \"", options.timeout, "\" is no span of time; expected as 5s, 1m30s or 0.5"));
  }
  if (span < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--timeout: a span of time cannot be negative");
  }
  return span == absl::ZeroDuration() ? absl::InfiniteDuration() : span;
}

std::unique_ptr<Printer> PrinterFor(const Options& options, const Surroundings& around) {
  const PrinterSettings settings = {around.colour, !options.no_legend};
  if (options.quiet) return NewSilentPrinter();
  if (options.output == "json") return NewJsonPrinter(around.out);
  if (options.output == "yaml") return NewYamlPrinter(around.out);
  if (options.output == "name") return NewNamePrinter(around.out);
  return NewTablePrinter(around.out, settings, options.output == "wide");
}

ExitCode Misused(Surroundings& around, absl::string_view verb, absl::string_view what) {
  around.err << "socketctl: " << Harmless(what) << "; see 'socketctl help"
             << (verb.empty() ? "" : " ") << verb << "'\n";
  return ExitCode::kUsage;
}

absl::StatusOr<Address> AddressOf(const Options& options, const Surroundings& around) {
  std::string text = options.address;
  if (text.empty()) text = around.variable("SOCKETD_ADDRESS");
  return ParseAddress(text.empty() ? kDefaultAddress : absl::string_view(text));
}

}  // namespace

ExitCode RunSocketctl(const std::vector<std::string>& arguments, Surroundings& around) {
  const VerbTable table = AllVerbs();
  const absl::StatusOr<Invocation> invocation = ReadCommandLine(table, arguments);
  if (!invocation.ok()) return Misused(around, "", invocation.status().message());
  const Verb& verb = *invocation->verb;
  const Options& options = invocation->options;
  if (options.help && verb.name != "help") {
    around.out << HelpForVerb(table, verb);
    return ExitCode::kSuccess;
  }
  const absl::StatusOr<Address> address = AddressOf(options, around);
  if (!address.ok()) return Misused(around, "", address.status().message());
  const absl::StatusOr<absl::Duration> timeout = TimeoutOf(verb, options);
  if (!timeout.ok()) return Misused(around, verb.name, timeout.status().message());

  const bool plain = !around.variable("NO_COLOR").empty() || around.variable("TERM") == "dumb";
  around.colour = around.colour && !plain;
  Client client(*address, *timeout);
  const std::unique_ptr<Printer> printer = PrinterFor(options, around);
  const ExitCode code = verb.run({options, verb.name, table, client, *printer, around});
  around.out.flush();
  if (around.out.good()) return code;
  around.err << "socketctl: the answer could not be written to standard output\n";
  return ExitCode::kFailed;
}

}  // namespace socketd::cli
