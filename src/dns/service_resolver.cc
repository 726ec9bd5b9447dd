#include "dns/service_resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir {
namespace {

std::string list_of(const std::vector<Service::Target>& targets) {
  constexpr std::size_t shown = 8;
  std::string out;
  for (std::size_t i = 0; i < targets.size() && i < shown; ++i) {
    out += (i == 0 ? "" : ", ") + targets[i].host + ":" + std::to_string(targets[i].port);
  }
  if (targets.size() > shown) {
    out += " and " + std::to_string(targets.size() - shown) + " more";
  }
  return out;
}

}  // namespace

ServiceResolver::ServiceResolver(Loop& loop, Log& log, Callbacks callbacks)
    : log_(log), callbacks_(std::move(callbacks)), next_(loop, [this] { ask_what_is_due(); }) {}

void ServiceResolver::track(const std::shared_ptr<Service>& service) {
  Name& name = names_[service->name()];
  if (name.service.lock() == service) {
    return;
  }
  name = {.service = service};
  if (const auto known = inherited_.find(service->name()); known != inherited_.end()) {
    name.due = known->second;
    inherited_.erase(known);
    set_timer();
    return;
  }
  ask(service->name());
}

std::map<std::string, Instant> ServiceResolver::known() const {
  std::map<std::string, Instant> out;
  for (const auto& [host, name] : names_) {
    if (const auto service = name.service.lock(); service && !service->targets().empty()) {
      out[host] = name.due;
    }
  }
  return out;
}

void ServiceResolver::ask_again() {
  for (auto& [host, name] : names_) {
    if (std::exchange(name.asking, false)) {
      ask(host);
    }
  }
}

void ServiceResolver::ask(const std::string& host) {
  names_.at(host).asking = true;
  callbacks_.channel().lookup_service(
      host, [this, host](const ServiceAnswer& answer) { take(host, answer); });
}

void ServiceResolver::take(const std::string& host, const ServiceAnswer& answer) {
  const auto found = names_.find(host);
  if (found == names_.end()) {
    return;
  }
  Name& name = found->second;
  name.asking = false;
  const auto service = name.service.lock();
  bool changed = false;
  if (service && answer.targets.empty()) {
    if (name.failures++ == 0) {
      log_.warning("cannot resolve the service " + host + ": " + answer.error +
                   (service->targets().empty() ? "; it has no servers yet"
                                               : "; its last good servers stay"));
    }
    name.due = clock_now() + pause_after_failures(name.failures, callbacks_.bounds());
  } else if (service) {
    if (std::exchange(name.failures, 0) != 0) {
      log_.info("the service " + host + " resolves again");
    }
    service->resolved = clock_now();
    name.due = clock_now() + pause_after_answer(answer.ttl, callbacks_.bounds());
    changed = service->targets() != answer.targets;
    if (std::exchange(name.too_many, answer.left_out != 0) != (answer.left_out != 0)) {
      say_left_out(host, answer);
    }
    if (changed) {
      name.due = std::max(name.due, clock_now() + shortest_life);
      log_.info("the service " + host + " is " + list_of(answer.targets));
      service->publish(answer.targets);
    }
  }
  set_timer();
  if (changed && on_change) {
    on_change();
  }
}

void ServiceResolver::say_left_out(const std::string& host, const ServiceAnswer& answer) {
  if (answer.left_out == 0) {
    log_.info("the service " + host + " names no more servers than are taken");
    return;
  }
  log_.warning("the service " + host + " names " + std::to_string(answer.left_out) +
               " servers more than are taken (" + std::to_string(max_targets) + " of " +
               std::to_string(max_priorities) + " priorities)");
}

void ServiceResolver::ask_what_is_due() {
  const auto now = clock_now();
  std::erase_if(names_, [](const auto& entry) {
    return entry.second.service.expired() && !entry.second.asking;
  });
  std::vector<std::string> due;
  for (const auto& [host, name] : names_) {
    if (!name.asking && name.due <= now) {
      due.push_back(host);
    }
  }
  for (const auto& host : due) {
    ask(host);
  }
  set_timer();
}

void ServiceResolver::set_timer() {
  std::optional<Instant> earliest;
  for (const auto& [host, name] : names_) {
    if (!name.asking) {
      earliest = std::min(earliest.value_or(name.due), name.due);
    }
  }
  if (earliest) {
    const auto wait = std::chrono::ceil<Milliseconds>(*earliest - clock_now());
    next_.once(std::max(wait, Milliseconds(0)));
  } else {
    next_.stop();
  }
}

}  // namespace weir
