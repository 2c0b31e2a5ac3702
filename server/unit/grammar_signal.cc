#include "server/unit/grammar_signal.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/unit/grammar.h"

namespace socketd {
namespace {

struct Named {
  absl::string_view name;
  uint32_t number;
};

constexpr uint32_t kHighestSignal = 64;  // _NSIG, signal(7)
// The first and last real-time signal that the C library leaves to programs, signal(7).
constexpr uint32_t kFirstRealTime = 34;

// signal(7); the numbers are the same on x86 and ARM.
constexpr Named kSignals[] = {
    {"HUP", 1},   {"INT", 2},   {"QUIT", 3},    {"ILL", 4},     {"TRAP", 5},  {"ABRT", 6},
    {"BUS", 7},   {"FPE", 8},   {"KILL", 9},    {"USR1", 10},   {"SEGV", 11}, {"USR2", 12},
    {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15},   {"STKFLT", 16}, {"CHLD", 17}, {"CONT", 18},
    {"STOP", 19}, {"TSTP", 20}, {"TTIN", 21},   {"TTOU", 22},   {"URG", 23},  {"XCPU", 24},
    {"XFSZ", 25}, {"PROF", 27}, {"VTALRM", 26}, {"WINCH", 28},  {"IO", 29},   {"PWR", 30},
    {"SYS", 31},  {"IOT", 6},   {"CLD", 17},    {"POLL", 29},
};

// systemd.exec(5), tables 6 to 8: the C library's, the LSB's, systemd's own and BSD's.
constexpr Named kStatuses[] = {
    {"SUCCESS", 0},
    {"FAILURE", 1},
    {"INVALIDARGUMENT", 2},
    {"NOTIMPLEMENTED", 3},
    {"NOPERMISSION", 4},
    {"NOTINSTALLED", 5},
    {"NOTCONFIGURED", 6},
    {"NOTRUNNING", 7},
    {"USAGE", 64},
    {"DATAERR", 65},
    {"NOINPUT", 66},
    {"NOUSER", 67},
    {"NOHOST", 68},
    {"UNAVAILABLE", 69},
    {"SOFTWARE", 70},
    {"OSERR", 71},
    {"OSFILE", 72},
    {"CANTCREAT", 73},
    {"IOERR", 74},
    {"TEMPFAIL", 75},
    {"PROTOCOL", 76},
    {"NOPERM", 77},
    {"CONFIG", 78},
    {"CHDIR", 200},
    {"NICE", 201},
    {"FDS", 202},
    {"EXEC", 203},
    {"MEMORY", 204},
    {"LIMITS", 205},
    {"OOM_ADJUST", 206},
    {"SIGNAL_MASK", 207},
    {"STDIN", 208},
    {"STDOUT", 209},
    {"CHROOT", 210},
    {"IOPRIO", 211},
    {"TIMERSLACK", 212},
    {"SECUREBITS", 213},
    {"SETSCHEDULER", 214},
    {"CPUAFFINITY", 215},
    {"GROUP", 216},
    {"USER", 217},
    {"CAPABILITIES", 218},
    {"CGROUP", 219},
    {"SETSID", 220},
    {"CONFIRM", 221},
    {"STDERR", 222},
    {"PAM", 224},
    {"NETWORK", 225},
    {"NAMESPACE", 226},
    {"NO_NEW_PRIVILEGES", 227},
    {"SECCOMP", 228},
    {"SELINUX_CONTEXT", 229},
    {"PERSONALITY", 230},
    {"APPARMOR_PROFILE", 231},
    {"ADDRESS_FAMILIES", 232},
    {"RUNTIME_DIRECTORY", 233},
    {"CHOWN", 235},
    {"SMACK_PROCESS_LABEL", 236},
    {"KEYRING", 237},
    {"STATE_DIRECTORY", 238},
    {"CACHE_DIRECTORY", 239},
    {"LOGS_DIRECTORY", 240},
    {"CONFIGURATION_DIRECTORY", 241},
    {"NUMA_POLICY", 242},
    {"CREDENTIALS", 243},
    {"BPF", 245},
    {"EXCEPTION", 255},
};

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

// "RTMIN", "RTMIN+3", "RTMAX-2".
bool ParseRealTime(absl::string_view name, uint32_t& signal) {
  const bool from_end = absl::ConsumePrefix(&name, "RTMAX");
  if (!from_end && !absl::ConsumePrefix(&name, "RTMIN")) return false;
  uint32_t offset = 0;
  if (!name.empty()) {
    if (!absl::ConsumePrefix(&name, from_end ? "-" : "+")) return false;
    if (!IsDigits(name) || !absl::SimpleAtoi(name, &offset)) return false;
  }
  if (offset > kHighestSignal - kFirstRealTime) return false;
  signal = from_end ? kHighestSignal - offset : kFirstRealTime + offset;
  return true;
}

}  // namespace

absl::StatusOr<uint32_t> ParseSignal(absl::string_view text) {
  uint32_t signal = 0;
  if (IsDigits(text)) {
    if (absl::SimpleAtoi(text, &signal) && signal >= 1 && signal <= kHighestSignal) return signal;
    return Expected("a signal of 1 to 64");
  }
  absl::string_view name = text;
  absl::ConsumePrefix(&name, "SIG");
  for (const Named& known : kSignals) {
    if (known.name == name) return known.number;
  }
  if (ParseRealTime(name, signal)) return signal;
  return Expected("a signal's name or number, as SIGTERM, USR1, RTMIN+3 or 15");
}

std::string SignalName(uint32_t signal) {
  for (const Named& known : kSignals) {
    if (known.number == signal) return absl::StrCat("SIG", known.name);
  }
  if (signal >= kFirstRealTime && signal <= kHighestSignal) {
    return signal == kFirstRealTime ? "SIGRTMIN"
                                    : absl::StrCat("SIGRTMIN+", signal - kFirstRealTime);
  }
  return absl::StrCat(signal);
}

absl::StatusOr<ExitStatus> ParseExitStatus(absl::string_view text) {
  uint32_t number = 0;
  if (IsDigits(text)) {
    if (absl::SimpleAtoi(text, &number) && number <= 255) return ExitStatus{false, number};
    return Expected("an exit status of 0 to 255");
  }
  for (const Named& known : kStatuses) {
    if (known.name == text) return ExitStatus{false, known.number};
  }
  const auto signal = ParseSignal(text);
  if (signal.ok()) return ExitStatus{true, *signal};
  return Expected("exit statuses of 0 to 255, their names as TEMPFAIL, or signal names");
}

std::string FormatExitStatus(ExitStatus status) {
  return status.is_signal ? SignalName(status.number) : absl::StrCat(status.number);
}

}  // namespace socketd
