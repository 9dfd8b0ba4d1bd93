//! The symbols of a module for Python are of no use to it but one, and make the wheel twice as large.

fn main() {
	println!("cargo:rustc-cdylib-link-arg=-s");
}
