// Package pagetest drives the pages in a real Chromium: what a person comes to do,
// how every page looks in light and dark, narrow and wide, whether a screen reader
// can use it, and how much it weighs.
//
// On the road of a fact it stands at the end, where somebody looks: it starts the
// built program and knows it by its addresses only.
//
// It refuses to be part of the product's module: what drives a browser is no part
// of what the product runs on.
//
// WELLSPRING_SCREENSHOTS names a folder to write pictures of all pages to.
package pagetest
