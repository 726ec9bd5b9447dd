#include "firewall/upkeep.h"

#include <span>
#include <utility>

#include "firewall/install.h"
#include "firewall/installed.h"
#include "firewall/surroundings.h"

namespace weir::firewall {

Upkeep::Upkeep(Loop& loop, Log& log, std::function<void(Keeper::Status)> on_status)
    : loop_(loop), log_(log), on_status_(std::move(on_status)) {}

Keeper::Owner Upkeep::keepers_owner() {
  return {.about_to_replace = [this]() { read_counts(); },
          .replaced = [this](bool anew) { counts_.replaced(anew); },
          .worked = [this]() { on_status_(keeper_->status()); }};
}

void Upkeep::read_counts() {
  if (in_force_) {
    counts_.read(*in_force_, keeper_ ? std::optional(keeper_->status().backend) : std::nullopt);
  }
}

Result<> Upkeep::start(const Ruleset& rules, Backend backend) {
  in_force_ = rules;
  return keep(Keeper::start(loop_, log_, rules, backend, keepers_owner()));
}

Result<> Upkeep::inherit(const Ruleset& rules, Keeper::Inherited from) {
  in_force_ = rules;
  return keep(Keeper::inherit(loop_, log_, rules, std::move(from), keepers_owner()));
}

Result<> Upkeep::keep(Result<std::unique_ptr<Keeper>> keeper) {
  if (!keeper) {
    return keeper.error();
  }
  keeper_ = std::move(keeper).value();
  on_status_(keeper_->status());
  return Done{};
}

// What would come out the same is not written again.
Result<> Upkeep::replace(const Ruleset& rules) {
  if (keeper_) {
    auto replaced = stand_in(rules);
    if (replaced) {
      in_force_ = rules;
    }
    return replaced;
  }
  for (const auto backend : {Backend::nft, Backend::iptables}) {
    if (!is_installed(backend)) {
      continue;
    }
    const auto there = installed_text(backend);
    if (!there) {
      return there.error();
    }
    if (!there.value().empty()) {
      return replace_of_others(rules, backend, there.value());
    }
  }
  return Done{};
}

Result<> Upkeep::stand_in(const Ruleset& rules) {
  auto replaced = keeper_->replace(rules);
  on_status_(keeper_->status());
  return replaced;
}

Result<> Upkeep::replace_of_others(const Ruleset& rules, Backend backend,
                                   const std::string& there) {
  const auto fitting = fitted_to_machine(
      rules, backend,
      standing_ ? std::span(standing_->ruleset.outside) : std::span<const std::string>());
  if (!fitting) {
    return fitting.error();
  }
  if (!standing_ || !still_stands(*standing_, fitting.value(), backend, there)) {
    read_counts();
    auto standing = put_up(fitting.value(), backend);
    if (!standing) {
      return standing.error();
    }
    counts_.replaced(standing.value().counts_anew);
    standing_ = std::move(standing).value();
  }
  in_force_ = rules;
  return Done{};
}

Counts Upkeep::count(const Ruleset& rules) {
  in_force_ = rules;
  read_counts();
  return counts_.all();
}

}  // namespace weir::firewall
