// Takes the person on without a click. The button remains for browsers without JavaScript.
document.querySelector('form[data-submit]')?.submit()
