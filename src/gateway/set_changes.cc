#include "gateway/set_changes.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/quantity.h"
#include "base/suggest.h"
#include "base/text.h"
#include "sets/item.h"

namespace weir {
namespace {

using Kind = SetOutcome::Kind;

// A timer looks again after that at the latest.
constexpr Milliseconds longest_wait{24 * 3'600'000};
// So many items of a change are named in the log.
constexpr std::size_t most_named = 20;

SetReport::Item shown(const LiveItem& item, Instant now) {
  SetReport::Item out{.item = item.written(),
                      .is_added = item.kind == LiveItem::Kind::added,
                      .uid = item.uid,
                      .left = std::nullopt};
  if (item.until) {
    out.left = std::max(std::chrono::ceil<Milliseconds>(*item.until - now), Milliseconds{0});
  }
  return out;
}

SetReport report_of(const LoadedSet& set, const LiveSets& live_sets) {
  SetReport out;
  out.name = set.settings.key();
  for (const SetSource& file : set.settings.files) {
    out.files.push_back(file.text);
  }
  out.prefixes = set.contents->prefixes.size();
  out.names = set.contents->names.size();
  out.skipped_lines = set.skipped_lines;
  out.kept_for =
      set.kept_for ? text_of(set.kept_for->location()) + ": " + set.kept_for->text() : "";
  const Instant now = clock_now();
  for (const LiveItem& item : live_sets.items(out.name)) {
    out.live.push_back(shown(item, now));
  }
  return out;
}

void parse_into(const std::vector<std::string>& texts, std::vector<SetItem>& out,
                std::vector<std::string>& errors) {
  for (const std::string& text : texts) {
    if (auto item = parse_item(trimmed(text))) {
      out.push_back(std::move(item).value());
    } else {
      errors.push_back(item.error().text());
    }
  }
}

// "192.0.2.1, 192.0.2.2"
std::string listed(const std::vector<SetItem>& items) {
  std::string out;
  for (std::size_t i = 0; i < std::min(items.size(), most_named); ++i) {
    out += (i == 0 ? "" : ", ") + written_item(items[i]);
  }
  return items.size() > most_named
             ? out + " and " + std::to_string(items.size() - most_named) + " more"
             : out;
}

SetOutcome outcome(Kind kind, std::vector<std::string> errors) {
  return {.kind = kind, .errors = std::move(errors), .set = {}, .trouble = {}};
}

}  // namespace

SetChanges::SetChanges(Loop& loop, Log& log, const Parts& parts,
                       std::function<Result<>()> may_change)
    : log_(log),
      parts_(parts),
      may_change_(std::move(may_change)),
      timer_(loop, [this]() { expire(); }) {}

std::vector<SetReport> SetChanges::list() const {
  std::vector<SetReport> out;
  if (const auto& table = parts_.in_force.configuration().set_table) {
    for (const LoadedSet& set : table->sets()) {
      out.push_back(report_of(set, parts_.live_sets));
    }
  }
  return out;
}

void SetChanges::change(const std::string& name, const SetChange& change, const Answer& answer) {
  const auto table = parts_.in_force.configuration().set_table;
  const LoadedSet* set = table == nullptr ? nullptr : table->find(name);
  if (set == nullptr) {
    std::vector<std::string_view> known;
    for (const SetSettings& one : parts_.in_force.configuration().sets) {
      known.push_back(one.name);
    }
    answer(
        outcome(Kind::unknown, {"no rule uses a set " + quoted(name) + did_you_mean(name, known)}));
    return;
  }
  if (auto may = may_change_(); !may) {
    answer(outcome(Kind::refused, {may.error().text()}));
    return;
  }
  LiveChange made;
  std::vector<std::string> errors;
  parse_into(change.add, made.add, errors);
  parse_into(change.remove, made.remove, errors);
  if (!errors.empty()) {
    answer(outcome(Kind::invalid, std::move(errors)));
    return;
  }
  made.uid = change.uid;
  made.force = change.force ? LiveChange::Force::yes : LiveChange::Force::no;
  if (change.duration) {
    made.until = clock_now() + *change.duration;
  }
  for (const Error& error : parts_.live_sets.change(*set, made)) {
    errors.push_back(error.text());
  }
  if (!errors.empty()) {
    answer(outcome(Kind::refused, std::move(errors)));
    return;
  }
  const std::string until =
      change.duration ? " for " + duration_text(change.duration->count()) : "";
  for (const auto& [what, items] : {std::pair("added", &made.add), {"removed", &made.remove}}) {
    if (!items->empty()) {
      log_.info(set->settings.title() + ": " + listed(*items) + " " + what + " by uid " +
                std::to_string(change.uid) + until);
    }
  }
  follow();
  parts_.rule_fitting.look([this, name, answer](const Result<>& done) {
    SetOutcome out;
    const auto now = parts_.in_force.configuration().set_table;
    const LoadedSet* found = now == nullptr ? nullptr : now->find(name);
    if (found == nullptr) {
      answer(outcome(Kind::refused, {"a reload has taken the set " + quoted(name) +
                                     " away, and the change with it"}));
      return;
    }
    out.set = report_of(*found, parts_.live_sets);
    out.trouble = done ? "" : done.error().text();
    answer(out);
  });
}

std::vector<std::string> SetChanges::forget_gone(const Configuration& next) {
  std::vector<std::string> out;
  static const SetTable none;
  for (const LiveSets::Left& gone :
       parts_.live_sets.keep(next.set_table == nullptr ? none : *next.set_table)) {
    log_.warning(out.emplace_back(what_is_gone(gone)));
  }
  return out;
}

void SetChanges::follow() {
  const auto next = parts_.live_sets.next_expiry();
  if (!next) {
    timer_.stop();
    return;
  }
  const auto wait = std::chrono::ceil<Milliseconds>(*next - clock_now());
  timer_.once(std::clamp(wait, Milliseconds{0}, longest_wait));
}

void SetChanges::expire() {
  const auto over = parts_.live_sets.expire(clock_now());
  for (const LiveSets::Left& one : over) {
    log_.info("set " + one.key + ": the time of " + std::to_string(one.count) +
              (one.count == 1 ? " item" : " items") + " is over");
  }
  if (!over.empty()) {
    parts_.rule_fitting.look();
  }
  follow();
}

}  // namespace weir
