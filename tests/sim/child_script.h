// What a program of the fake world does when it is run, as text:
//
//   exits 1 after 2s            hangs                     dies by signal 11 after 1s
//   dumps core by signal 6      waits 3s                  says ready after 1s
//   says "STATUS=warm"          logs "hello"              ignores sigterm
//   exits 0 on sigterm after 1s fails at chdir            forks /bin/worker
//   forks detached /bin/daemon  accepts 2 connections     accepts all
//   serves                      serves until idle 5s      breaks ports
//   writes pid to /run/x.pid    writes forked pid to /run/x.pid
//   stores x                    stores 3 x                stores pipe x unpolled
//   stores passed x             stores again x            passes x
//   unstores x                  closes x                  stores vainly x
//
// What it stores is new (FDSTORE=1 with FDNAME=x), a pipe of which it keeps the other end, the
// first descriptor that it was given, or what it has stored or was given by that name; it passes
// the same without FDSTORE=1. "vainly": nobody will believe it. "closes" is of what it holds by
// that name. "says reloading" comes with the time, as sd_notify(3) wants it. Phrases are separated
// by commas and done in order; "ignores", "on SIGNAL" and "fails at" hold from the start. After the
// last one the program exits with 0. Scripts of several runs are separated by semicolons; the last
// one holds for all further runs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace socketd::sim {

struct Step {
  enum class Do : uint8_t {
    kExit,  // number: status
    kDie,   // number: signal
    kDump,  // number: signal
    kHang,
    kWait,
    kSay,     // text: to NOTIFY_SOCKET
    kLog,     // text: to standard output
    kFork,    // text: program; number: 1 if in a session of its own
    kAccept,  // number: connections or datagrams; 0: all there are
    kServe,   // idle: ends after that long without a client; infinite: never
    kBreak,
    kStore,     // text: name; number: how many; kind: "", "pipe", "passed" or "again"
    kPass,      // text: name; what is sent is not to be stored
    kUnstore,   // text: name
    kClose,     // text: name
    kWritePid,  // text: path; number: 1 if that of the child last forked
  };
  Do action = Do::kExit;
  int number = 0;
  std::string text;
  std::string kind;       // kStore
  bool unpolled = false;  // kStore
  absl::Duration after;
  absl::Duration idle = absl::InfiniteDuration();
};

// What a signal does to it, where that is not to die.
struct Reaction {
  bool exits = false;  // else it is ignored
  int status = 0;
  absl::Duration after;
};

struct ChildScript {
  std::vector<Step> steps;
  std::map<int, Reaction> reactions;
  std::string failing_step;  // "chdir": the program never runs
  int failing_errno = 0;
  int failing_status = 0;
};

// The scripts of one program, one a run. INVALID_ARGUMENT names the phrase that is not understood.
absl::StatusOr<std::vector<ChildScript>> ParseScripts(absl::string_view text);

// 15 for "sigterm", "SIGTERM", "15"; 0 if unknown.
int SignalNumber(absl::string_view name);

// The static name of an executor step, and the status that systemd.exec(5) gives it; null and 0 if
// there is no such step.
absl::string_view StaticStep(absl::string_view step);
int StatusOfStep(absl::string_view step);

}  // namespace socketd::sim
