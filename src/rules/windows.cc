#include "rules/windows.h"

#include <algorithm>
#include <cassert>

#include "base/text.h"

namespace weir {

Result<Windows> Windows::parse(std::string_view text) {
  Windows out;
  out.spans_.clear();
  while (true) {
    const auto comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    const auto window = parse_window(item);
    if (!window) {
      return window.error();
    }
    for (unsigned i = 0; i < window.value().days; ++i) {
      out.add((window.value().first_day + i) % days_of_week * minutes_of_day + window.value().from,
              window.value().length);
    }
    out.text_ += (out.text_.empty() ? "" : ", ") + text_of(window.value());
    if (comma == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(comma + 1);
  }
}

// Spans end with the week; what goes on beyond it begins the next one.
void Windows::add(WeekMinute begin, WeekMinute length) {
  if (begin + length > minutes_of_week) {
    add(0, begin + length - minutes_of_week);
    length = minutes_of_week - begin;
  }
  const auto first =
      std::find_if(spans_.begin(), spans_.end(), [&](const Span& s) { return s.end >= begin; });
  WeekMinute end = begin + length;
  auto last = first;
  for (; last != spans_.end() && last->begin <= end; ++last) {
    begin = std::min<WeekMinute>(begin, last->begin);
    end = std::max<WeekMinute>(end, last->end);
  }
  spans_.insert(spans_.erase(first, last), {.begin = static_cast<std::uint16_t>(begin),
                                            .end = static_cast<std::uint16_t>(end)});
}

void Windows::add(const Windows& other) {
  if (text_.empty()) {
    *this = other;
    return;
  }
  if (other.text_.empty()) {
    return;
  }
  for (const Span& span : other.spans_) {
    add(span.begin, span.end - span.begin);
  }
  text_ += ", " + other.text_;
}

bool Windows::always() const { return spans_.front() == Span{}; }

bool Windows::holds(WeekMinute minute) const {
  assert(minute < minutes_of_week && "a week has no such minute");
  return std::any_of(spans_.begin(), spans_.end(),
                     [&](const Span& s) { return s.begin <= minute && minute < s.end; });
}

std::optional<WeekMinute> Windows::minutes_to_change(WeekMinute minute) const {
  assert(minute < minutes_of_week && "a week has no such minute");
  if (always()) {
    return std::nullopt;
  }
  const auto span =
      std::find_if(spans_.begin(), spans_.end(), [&](const Span& s) { return minute < s.end; });
  if (span == spans_.end()) {
    return minutes_of_week - minute + spans_.front().begin;
  }
  if (minute < span->begin) {
    return span->begin - minute;
  }
  const bool goes_on = span->end == minutes_of_week && spans_.front().begin == 0;
  return span->end - minute + (goes_on ? spans_.front().end : 0U);
}

bool Windows::covers(const Windows& other) const {
  return std::all_of(other.spans_.begin(), other.spans_.end(), [&](const Span& theirs) {
    return std::any_of(spans_.begin(), spans_.end(), [&](const Span& ours) {
      return ours.begin <= theirs.begin && theirs.end <= ours.end;
    });
  });
}

}  // namespace weir
