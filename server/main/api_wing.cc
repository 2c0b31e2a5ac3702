#include "server/main/api_wing.h"

#include <utility>

#include "server/base/log.h"

namespace socketd {

ApiWing::ApiWing(EventLoop& loop, EngineHandle& engine, ApiServer::Options options)
    : loop_(loop), engine_(engine), options_(std::move(options)), visitors_(options_.daemon_uid) {}

ApiWing::~ApiWing() {
  Stop(absl::ZeroDuration());
}

absl::Status ApiWing::Listen(const std::vector<ListenSpec>& specs) {
  for (const ListenSpec& spec : specs) {
    doors_.push_back(std::make_unique<ApiDoor>(loop_, visitors_));
    if (absl::Status opened = doors_.back()->Listen(spec); !opened.ok()) return opened;
  }
  return absl::OkStatus();
}

void ApiWing::Start(std::function<void(absl::Status)> done) {
  starter_ = std::thread([this, done = std::move(done), open = std::weak_ptr<bool>(open_)] {
    // A closure can be copied, a server cannot.
    auto started = std::make_shared<absl::StatusOr<std::unique_ptr<ApiServer>>>(
        ApiServer::Start(engine_, options_));
    const absl::Status posted = loop_.mailbox().Post([this, done, open, started] {
      if (!open.expired()) done(LetIn(std::move(*started)));
    });
    if (!posted.ok()) LogFailure(Level::kDebug, "api.too-late", posted);
  });
}

absl::Status ApiWing::LetIn(absl::StatusOr<std::unique_ptr<ApiServer>> server) {
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  if (news_ != nullptr) server_->SayAbout(news_);
  if (stopping_) server_->SayStopping();
  for (const std::unique_ptr<ApiDoor>& door : doors_)
    if (absl::Status open = door->LetIn(*server_); !open.ok()) return open;
  return absl::OkStatus();
}

void ApiWing::SayAbout(About::Text about) {
  news_ = std::move(about);
  if (server_ != nullptr) server_->SayAbout(news_);
}

void ApiWing::SayStopping() {
  stopping_ = true;
  if (server_ != nullptr) server_->SayStopping();
}

void ApiWing::Stop(absl::Duration grace) {
  open_.reset();
  doors_.clear();
  if (starter_.joinable()) starter_.join();
  if (server_ != nullptr) server_->Stop(grace);
}

}  // namespace socketd
