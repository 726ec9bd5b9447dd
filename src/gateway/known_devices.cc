#include "gateway/known_devices.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "devices/lease_book.h"

namespace weir {
namespace {

std::vector<std::string> files_of(const DeviceSettings& settings) {
  return settings.leases.empty() ? usual_lease_files() : settings.leases;
}

std::shared_ptr<const DeviceTable> made_of(const DeviceSettings& settings,
                                           std::shared_ptr<const LeaseBook> book,
                                           const Neighbours* neighbours) {
  std::vector<Neighbour> entries;
  if (neighbours != nullptr) {
    entries.reserve(neighbours->size());
    neighbours->each([&](const Address& address, Neighbours::Device device) {
      entries.push_back({.address = address, .mac = Mac::from_memory(device)});
    });
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return std::make_shared<const DeviceTable>(settings.names, std::move(book), entries, now);
}

// What is wrong with each of them: of those that the operator named, that it is not there, too.
void tell_of_trouble(Log& log, const LeaseBook& book, bool are_named) {
  for (const LeaseSource& source : book.sources) {
    if (source.state == LeaseSource::State::failed) {
      log.warning("devices.leases: cannot read " + source.path + ": " + source.problem);
    } else if (source.state == LeaseSource::State::absent && are_named) {
      log.warning("devices.leases: there is no " + source.path + " (yet)");
    } else if (source.bad.count != 0) {
      log.warning("devices.leases: " + source.path + ":" + std::to_string(source.bad.first) + ": " +
                  source.bad.why + "; lines passed over: " + std::to_string(source.bad.count));
    }
  }
}

bool have_same_trouble(const LeaseBook& a, const LeaseBook& b) {
  return std::equal(a.sources.begin(), a.sources.end(), b.sources.begin(), b.sources.end(),
                    [](const LeaseSource& one, const LeaseSource& other) {
                      return one.path == other.path && one.state == other.state &&
                             one.problem == other.problem && one.bad == other.bad;
                    });
}

}  // namespace

std::shared_ptr<const DeviceTable> read_devices(const DeviceSettings& settings) {
  const auto neighbours = read_neighbours();
  return made_of(settings, read_lease_files(files_of(settings)),
                 neighbours ? neighbours.value().get() : nullptr);
}

KnownDevices::KnownDevices(Loop& loop, Log& log, Workers& workers, std::function<void()> on_change)
    : loop_(loop),
      log_(log),
      workers_(workers),
      on_change_(std::move(on_change)),
      again_(loop, [this]() { make(); }) {}

void KnownDevices::follow(const DeviceSettings& settings) {
  settings_ = settings;
  watching_.is_on = true;
  not_before_ = {};  // other names count at once
  watch_files();     // at each reload anew: what could not be read may be readable by now
}

// Tells its book at once.
void KnownDevices::watch_files() {
  auto watch = LeaseWatch::start(loop_, files_of(settings_),
                                 [this](const std::shared_ptr<const LeaseBook>& book) {
                                   if (book_ == nullptr || !have_same_trouble(*book_, *book)) {
                                     tell_of_trouble(log_, *book, !settings_.leases.empty());
                                   }
                                   book_ = book;
                                   changed();
                                 });
  if (watch) {
    watching_.files = std::move(watch).value();
  } else {
    log_.warning("lease files are read once, and not followed: " + watch.error().text());
    book_ = read_lease_files(files_of(settings_));
    changed();
  }
}

void KnownDevices::use(std::shared_ptr<const Neighbours> neighbours) {
  neighbours_ = std::move(neighbours);
  changed();
}

void KnownDevices::stop() {
  watching_ = {};
  again_.stop();
}

std::shared_ptr<const DeviceTable> KnownDevices::table_for(const DeviceSettings& settings) const {
  if (watching_.is_on && settings == settings_) {
    return table_;
  }
  if (!watching_.is_on || settings.leases != settings_.leases) {
    return read_devices(settings);
  }
  return made_of(settings, book_, neighbours_.get());
}

void KnownDevices::changed() {
  if (!watching_.is_on) {
    return;
  }
  const auto left = std::chrono::ceil<Milliseconds>(not_before_ - clock_now());
  if (left > Milliseconds{0}) {
    again_.once(left);
  } else {
    make();
  }
}

void KnownDevices::make() {
  const Instant begun = clock_now();
  table_ = made_of(settings_, book_, neighbours_.get());
  const Instant ended = clock_now();
  not_before_ = ended + (ended - begun) * share;
  workers_.use(table_);
  wait();
  on_change_();
}

void KnownDevices::wait() {
  const auto change = table_->changes_at();
  if (!change) {
    return;
  }
  if (watching_.lease_ends == nullptr) {
    auto opened = WallClockAlarm::open(loop_, [this](WallClockAlarm::Why) { make(); });
    if (opened) {
      watching_.lease_ends = std::move(opened).value();
    }
  }
  if (watching_.lease_ends == nullptr || !watching_.lease_ends->wake_at(*change)) {
    watching_.lease_ends.reset();
    again_.once(soon);
  }
}

}  // namespace weir
