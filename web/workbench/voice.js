// Voice, where the browser has it: answers read aloud, words heard.

const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;

/** Read an answer aloud, without the marks of text to speech. */
export function speak(text) {
  if (!window.speechSynthesis) return;
  const phrase = new SpeechSynthesisUtterance(text.replace(/<speaker[^>]*>|sil\s*<\[[^\]]*\]>|\+(?=[аеёиоуыэюя])/gi, ""));
  phrase.lang = "ru-RU";
  speechSynthesis.cancel();
  speechSynthesis.speak(phrase);
}

/** Let a button hear one phrase and give it to `hear`; the button stays hidden where nothing can listen. */
export function listenBy(button, hear) {
  if (!Recognition) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const recognition = new Recognition();
    recognition.lang = "ru-RU";
    recognition.addEventListener("result", (event) => hear(event.results[0][0].transcript));
    recognition.start();
  });
}
