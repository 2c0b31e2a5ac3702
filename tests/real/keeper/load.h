// Clients that ask again and again until it is over, each at an address of its own.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace socketd::real {

// Counts those who were answered with what they said, and those who were not.
class Asker {
 public:
  explicit Asker(std::string address);
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  void End();
  int answered() const { return answered_; }
  int lost() const { return lost_; }
  const std::string& address() const { return address_; }

 private:
  void Run();
  std::string AskOnce() const;

  const std::string address_;
  std::atomic<bool> over_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> lost_{0};
  std::thread thread_;
};

class Load {
 public:
  explicit Load(const std::vector<std::string>& addresses);

  // So many more answers; false after 20 s.
  bool Await(int more) const;
  int answered() const;
  // Ends it; a line for each address, and how many were lost in all.
  int End();
  const std::vector<std::unique_ptr<Asker>>& askers() const { return askers_; }

 private:
  std::vector<std::unique_ptr<Asker>> askers_;
};

}  // namespace socketd::real
