// The ledger of the descriptors that the daemon holds. Numbers are never used twice, so that every
// use after close is seen; so are double closes, and closing what is still armed (epoll(7) would go
// on reporting it as long as a service holds a copy). What is open at the end is a leak.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/fd.h"
#include "server/kernel/types.h"
#include "tests/sim/dice.h"
#include "tests/sim/fake_file.h"

namespace socketd::sim {

class FakeDescriptors {
 public:
  explicit FakeDescriptors(FdOwner& owner) : owner_(owner) {}

  // A new number for `file`; `origin` is shown if it leaks.
  Fd Open(std::shared_ptr<FakeFile> file, std::string origin);
  // The same for what a stranger has sent.
  Fd OpenArrival(std::shared_ptr<FakeFile> file);
  void Close(int number);

  // Null, and a problem, if it is not open.
  std::shared_ptr<FakeFile> Find(const Fd& fd, absl::string_view call);

  struct Left {
    int number = 0;
    std::shared_ptr<FakeFile> file;
    bool arrived = false;
  };
  // The daemon is gone: none is open any more. What was, for the next one.
  std::vector<Left> Abandon();
  // Whether a stranger has sent it.
  bool Arrived(const Fd& fd) const;

  bool Arm(const Fd& fd, Token token, Arming arming);
  void Disarm(const Fd& fd);
  // An event for every armed descriptor that has something; one-shot ones are spent.
  void Collect(Dice& dice, std::vector<Event>& events);
  bool AnyReady() const;

  void Problem(std::string what) { problems_.push_back(std::move(what)); }
  const std::vector<std::string>& problems() const { return problems_; }
  // "fd 17 from Listen 127.0.0.1:80", one for each that is open.
  std::vector<std::string> open() const;
  // How many descriptors of listening ports are open, and how many of them are armed.
  size_t listening() const;
  size_t listening_armed() const;

 private:
  struct Entry {
    std::shared_ptr<FakeFile> file;
    std::string origin;
    Token token = Token::kNone;  // kNone: not armed, or spent
    Arming arming = Arming::kOnce;
    bool arrived = false;
    bool registered = false;  // armed once and not disarmed since, spent or not
  };

  // What it is armed for.
  static Readiness TellingOf(const Entry& entry);

  FdOwner& owner_;
  int next_ = 10;
  std::map<int, Entry> entries_;
  std::vector<std::string> problems_;
};

}  // namespace socketd::sim
