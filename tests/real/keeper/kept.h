// A keeper in a process of its own, whose daemons are what a test says: a function that runs in
// each of them. They tell the test what they see, line by line.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

#include "server/keeper/keeper.h"

namespace socketd::real {

class Kept {
 public:
  // `live` runs in each daemon; its result is the exit status. `before` runs in the keeper before
  // it is one.
  using Live = std::function<int(const Life&)>;
  explicit Kept(const Live& live, const std::function<void()>& before = [] {});
  ~Kept();
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  // In a daemon: one line to the test.
  static void Say(absl::string_view line);
  // In a daemon: waits for a signal that the keeper passes on.
  static int AwaitSignal();
  // In a daemon: ends it like a crash, without a dump.
  [[noreturn]] static void Die(int signal);

  // The next line of a daemon; "" after 20 s.
  std::string Hear();
  // Waits until the keeper has said this on its standard error; false after 20 s.
  bool Complains(absl::string_view text);

  int keeper() const { return keeper_; }
  // The process of this name that the keeper has now, as "socketd-heir"; 0: none.
  int Find(absl::string_view name) const;
  // The keeper is gone; another process is it now.
  void Follow(int keeper);
  // The exit status, or 128 and the signal; -1: not within 20 s.
  int Wait();

 private:
  bool ReadMore(int from, std::string& text) const;

  int keeper_ = 0;
  int lines_ = -1;
  int errors_ = -1;
  std::string heard_;
  std::string complaints_;
};

}  // namespace socketd::real
