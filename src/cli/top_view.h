// What the user of `weir top` has chosen to see, key by key. A value; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

struct TopView {
  enum class Order : std::uint8_t {
    speed,
    up,
    down,
    age,
    client
  } order = Order::speed;  // of flows
  std::string filter;      // only rows with this text; empty: all
  bool is_typing = false;  // the filter
  bool shows_help = false;
  bool is_over = false;

  // A key, as its character; `backspace` and `escape` as below. Others do nothing.
  void press(int key);
  static constexpr int backspace = 127;
  static constexpr int escape = 27;

  // Whether a row with these texts in it is to be seen: upper and lower case are the same.
  [[nodiscard]] bool shows(std::string_view row) const;
};

[[nodiscard]] std::string_view name_of(TopView::Order order);

}  // namespace weir
