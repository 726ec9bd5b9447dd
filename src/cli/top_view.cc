#include "cli/top_view.h"

#include <algorithm>
#include <cctype>

namespace weir {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

void type(TopView& view, int key) {
  constexpr std::size_t longest = 60;
  if (key == '\n' || key == '\r') {
    view.is_typing = false;
  } else if (key == TopView::escape) {
    view.is_typing = false;
    view.filter.clear();
  } else if (key == TopView::backspace || key == '\b') {
    if (!view.filter.empty()) {
      view.filter.pop_back();
    }
  } else if (key >= ' ' && key < TopView::backspace && view.filter.size() < longest) {
    view.filter += static_cast<char>(key);
  }
}

}  // namespace

void TopView::press(int key) {
  if (is_typing) {
    type(*this, key);
    return;
  }
  switch (key) {
    case 'q':
    case 'Q':
      is_over = true;
      break;
    case '?':
    case 'h':
      shows_help = !shows_help;
      break;
    case '/':
      is_typing = true;
      shows_help = false;
      break;
    case escape:
      filter.clear();
      shows_help = false;
      break;
    case 's':
      order = Order::speed;
      break;
    case 'u':
      order = Order::up;
      break;
    case 'd':
      order = Order::down;
      break;
    case 'a':
      order = Order::age;
      break;
    case 'c':
      order = Order::client;
      break;
    default:
      break;
  }
}

bool TopView::shows(std::string_view row) const {
  const auto found = std::search(row.begin(), row.end(), filter.begin(), filter.end(),
                                 [](char a, char b) { return lower(a) == lower(b); });
  return filter.empty() || found != row.end();
}

std::string_view name_of(TopView::Order order) {
  switch (order) {
    case TopView::Order::speed:
      return "speed";
    case TopView::Order::up:
      return "bytes up";
    case TopView::Order::down:
      return "bytes down";
    case TopView::Order::age:
      return "age";
    case TopView::Order::client:
      break;
  }
  return "client";
}

}  // namespace weir
