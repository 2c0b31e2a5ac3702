#include "server/engine/fd_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/unit/grammar_name.h"

namespace socketd {
namespace {

absl::Status Full(size_t most) {
  return Error(absl::StatusCode::kResourceExhausted, "STORE_FULL",
               absl::StrCat("the store holds as many as FileDescriptorStoreMax=", most, " allows"));
}

}  // namespace

struct FdStore::Stored final : Subscriber {
  explicit Stored(FdStore& all) : store(all) {}
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;
  ~Stored() {
    if (armed) store.loop_.kernel().Disarm(fd);
  }
  void OnEvent(const Event& /*event*/) override { store.OnHangUp(*this); }

  FdStore& store;
  Fd fd;
  std::string name;
  Kept kept;
  bool watched = true;
  bool armed = false;
  uint64_t age = 0;  // younger ones have a higher one
  Subscription subscription;
};

FdStore::FdStore(EventLoop& loop, std::string unit, std::function<void()> changed)
    : loop_(loop), unit_(std::move(unit)), changed_(std::move(changed)) {}

FdStore::~FdStore() = default;

FdStore::Place FdStore::Find(const Fd& fd) {
  Kernel& kernel = loop_.kernel();
  return std::lower_bound(stored_.begin(), stored_.end(), fd,
                          [&kernel](const std::unique_ptr<Stored>& one, const Fd& wanted) {
                            return kernel.Compare(one->fd, wanted) < 0;
                          });
}

absl::Status FdStore::Put(Place place, std::unique_ptr<Stored> stored) {
  const absl::StatusOr<Kept> kept = loop_.kernel().Keep(stored->fd);
  if (!kept.ok()) return kept.status();
  stored->kept = *kept;
  if (stored->watched) {
    Subscription subscription(loop_, *stored);
    const absl::Status armed =
        loop_.kernel().Arm(stored->fd, subscription.token(), Arming::kHangUp);
    stored->armed = armed.ok();
    if (armed.ok()) stored->subscription = std::move(subscription);
  }
  stored_.insert(place, std::move(stored));
  shown_ = nullptr;
  return absl::OkStatus();
}

FdStore::Refused FdStore::Add(Offer offer) {
  Refused refused;
  uint64_t age = next_age_ += offer.fds.size();
  for (Fd& fd : offer.fds) {
    const Place place = Find(fd);
    if (place != stored_.end() && loop_.kernel().Compare((*place)->fd, fd) == 0) continue;
    auto stored = std::make_unique<Stored>(*this);
    stored->fd = std::move(fd);
    stored->name = offer.name;
    stored->watched = offer.watched;
    stored->age = --age;
    const absl::Status put =
        stored_.size() < offer.most ? Put(place, std::move(stored)) : Full(offer.most);
    if (put.ok()) continue;
    if (refused.count++ == 0) refused.why = put;
  }
  return refused;
}

void FdStore::Remove(absl::string_view name) {
  stored_.erase(std::remove_if(stored_.begin(), stored_.end(),
                               [name](const auto& stored) { return stored->name == name; }),
                stored_.end());
  shown_ = nullptr;
}

void FdStore::Clear() {
  shown_ = nullptr;
  stored_.clear();
}

void FdStore::OnHangUp(const Stored& stored) {
  if (LogEnabled(Level::kDebug))
    Log(Level::kDebug, "unit.descriptor-hung-up", {{"unit", unit_}, {"name", stored.name}});
  const auto place = std::find_if(stored_.begin(), stored_.end(),
                                  [&stored](const auto& one) { return one.get() == &stored; });
  stored_.erase(place);
  shown_ = nullptr;
  changed_();
}

std::vector<const FdStore::Stored*> FdStore::NewestFirst() const {
  std::vector<const Stored*> sorted;
  sorted.reserve(stored_.size());
  for (const auto& stored : stored_)
    sorted.push_back(stored.get());
  std::sort(sorted.begin(), sorted.end(),
            [](const Stored* left, const Stored* right) { return left->age > right->age; });
  return sorted;
}

FdStore::Lent FdStore::Lend() const {
  Lent lent;
  for (const Stored* stored : NewestFirst()) {
    lent.fds.push_back(&stored->fd);
    lent.names.push_back(stored->name);
  }
  return lent;
}

std::shared_ptr<const std::vector<StoredDescriptor>> FdStore::Show() const {
  if (empty() || shown_ != nullptr) return shown_;
  auto shown = std::make_shared<std::vector<StoredDescriptor>>();
  for (const Stored* stored : NewestFirst())
    shown->push_back({stored->name, NameOf(stored->kept.kind)});
  shown_ = std::move(shown);
  return shown_;
}

void FdStore::Remember(remembered::Service& record) const {
  for (const Stored* stored : NewestFirst()) {
    remembered::Stored& remembered = *record.add_stored();
    remembered.set_id(static_cast<uint64_t>(stored->kept.id));
    remembered.set_name(stored->name);
    remembered.set_unwatched(!stored->watched);
  }
}

void FdStore::Recall(const remembered::Service& record) {
  for (auto remembered = record.stored().rbegin(); remembered != record.stored().rend();
       ++remembered) {
    const auto id = static_cast<KeptId>(remembered->id());
    const bool known =
        id != KeptId::kNone && CheckFdName(remembered->name(), Stage::kExpanded).ok();
    absl::StatusOr<Fd> taken = known ? loop_.kernel().TakeOver(id) : absl::NotFoundError("");
    if (!taken.ok()) continue;
    auto stored = std::make_unique<Stored>(*this);
    stored->fd = *std::move(taken);
    stored->name = remembered->name();
    stored->watched = !remembered->unwatched();
    stored->age = next_age_++;
    const Place place = Find(stored->fd);
    const absl::Status put = Put(place, std::move(stored));
    if (!put.ok()) LogFailure(Level::kWarning, "recall.descriptor-closed", put, {{"unit", unit_}});
  }
}

}  // namespace socketd
