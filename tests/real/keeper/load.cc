#include "tests/real/keeper/load.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/real/testing/traffic.h"

namespace socketd::real {

Asker::Asker(std::string address) : address_(std::move(address)), thread_([this] { Run(); }) {}

Asker::~Asker() {
  End();
}

void Asker::End() {
  over_ = true;
  if (thread_.joinable()) thread_.join();
}

void Asker::Run() {
  while (!over_) {
    if (const std::string wrong = AskOnce(); wrong.empty()) {
      ++answered_;
    } else {
      std::cout << absl::FormatTime(absl::Now()) << " " << address_ << ": " << wrong << "\n";
      ++lost_;
    }
  }
}

// Empty: it was answered.
std::string Asker::AskOnce() const {
  const std::string text = absl::StrCat("question ", answered_.load());
  const absl::StatusOr<Conversation> talk = Conversation::Open(address_);
  if (!talk.ok()) return absl::StrCat("refused: ", std::string(talk.status().message()));
  if (!talk->Say(text)) return "nobody took the question";
  talk->Close();
  const std::string heard = talk->HearAll();
  sockaddr_in own{};
  socklen_t length = sizeof(own);
  getsockname(talk->fd(), reinterpret_cast<sockaddr*>(&own), &length);
  return heard == text ? "" : absl::StrCat("heard '", heard, "' at port ", ntohs(own.sin_port));
}

Load::Load(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses)
    askers_.push_back(std::make_unique<Asker>(address));
}

int Load::answered() const {
  int sum = 0;
  for (const auto& asker : askers_)
    sum += asker->answered();
  return sum;
}

bool Load::Await(int more) const {
  const int enough = answered() + more;
  const absl::Time patience = absl::Now() + absl::Seconds(20);
  while (answered() < enough && absl::Now() < patience)
    std::this_thread::yield();
  return answered() >= enough;
}

int Load::End() {
  int lost = 0;
  for (const auto& asker : askers_)
    asker->End();
  for (const auto& asker : askers_) {
    std::cout << asker->address() << ": " << asker->answered() << " answered, " << asker->lost()
              << " lost\n";
    lost += asker->lost() + (asker->answered() == 0 ? 1 : 0);
  }
  return lost;
}

}  // namespace socketd::real
