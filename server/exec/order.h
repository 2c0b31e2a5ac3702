// The order a child obeys between clone and exec: a list of words, one step each, obeyed from first
// to last. The executor gets the words as its arguments, so an order needs no file, no copy and no
// layout: what the kernel hands over with execve(2) is already the form in which it is used. Known
// to the executor and to the kernel floor; includes nothing, not even libc.
//
// A word is the letter of its step and what that step needs; numbers are decimal and separated by
// commas, a path always comes last. After the word "=" follow the program and its arguments; the
// environment is the program's own already. A letter never changes its meaning: after an upgrade of
// the package an older daemon runs the newer executor.
//
//   R7                report through descriptor 7 (a pipe), close-on-exec from here on
//   S  s              a session of its own; only a process group of its own
//   Tw/dev/tty1       controlling terminal: w waits for it, f takes it by force, x fails if taken
//   i... o... e...    standard streams: r opens for reading, b for both, f for writing, a appends,
//                     t empties (a path follows); 0, 1 copies that descriptor; T the terminal
//   L7,1024,4096      resource limit: number, soft, hard
//   N-5  O300         nice value; oom_score_adj
//   D755,33,33,/run/x managed directory: mode (octal digits), uid, gid (- leaves it), path
//   G4,24  g33  u33   supplementary groups, gid, uid
//   P  M18            no new privileges; umask
//   C/srv  c/srv      working directory; c: a missing one is not a failure
//   Z                 the process id is written into LISTEN_PID and LISTEN_PIDFDID
//   X1  X0            signals as a program expects them; SIGPIPE ignored or not
//   Y1  Y0            the same for a child whose clone cleared all dispositions but SIGPIPE ignored
#pragma once

namespace socketd::exec {

enum class Step : int {
  kOrder,
  kCgroup,
  kFds,
  kSession,
  kTerminal,
  kStdin,
  kStdout,
  kStderr,
  kLimits,
  kNice,
  kOom,
  kDirectories,
  kGroup,
  kUser,
  kNoNewPrivileges,
  kChdir,
  kSignals,
  kExec,
};

// How a step is named in events, and the exit status that other tools see when it fails: systemd's
// where it has one (systemd.exec(5), "Process Exit Codes").
struct StepInfo {
  const char* name;
  int exit_status;
};

constexpr StepInfo kSteps[] = {
    {"order", 242}, {"cgroup", 219},      {"fds", 202},    {"setsid", 220}, {"terminal", 208},
    {"stdin", 208}, {"stdout", 209},      {"stderr", 222}, {"limits", 205}, {"nice", 201},
    {"oom", 206},   {"directories", 233}, {"group", 216},  {"user", 217},   {"no-new-privs", 227},
    {"chdir", 200}, {"signals", 207},     {"exec", 203},
};
constexpr int kStepCount = sizeof(kSteps) / sizeof(kSteps[0]);
static_assert(kStepCount == static_cast<int>(Step::kExec) + 1);

constexpr const StepInfo& InfoOf(Step step) {
  return kSteps[static_cast<int>(step)];
}

// What failed; error 0: nothing.
struct Trouble {
  Step step = Step::kOrder;
  int error = 0;
};

// What the executor writes into its pipe: first kAboutToExec, then nothing more but the end that
// close-on-exec makes; or the trouble it had. An end without any record: it was killed.
struct Report {
  int step = 0;
  int error = 0;
};
constexpr int kAboutToExec = -1;

}  // namespace socketd::exec
