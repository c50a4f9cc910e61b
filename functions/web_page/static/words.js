/**
 * Every word of the interface, in English and German, and how this reader's language writes numbers
 * and dates.
 *
 *     t("cancelled");                    t("new_pictures", { count: 3 });
 *
 * A sentence with a number of things has its plural forms under `one` and `other`, chosen by `count`.
 * The words that stand in index.html itself are filled in as soon as this module is there.
 */
const WORDS = {
  // --- signed out
  tagline: {
    en: "A chat that paints. Ask for a picture and watch it arrive.",
    de: "Ein Chat, der malt. Wünsch dir ein Bild und sieh ihm beim Entstehen zu.",
  },
  sign_in: { en: "Sign in", de: "Anmelden" },
  sign_in_unreachable: {
    en: "The sign-in could not be reached. Please try again.",
    de: "Die Anmeldung ist nicht erreichbar. Bitte versuch es noch einmal.",
  },
  window_refused: {
    en: "This browser opened no window to sign in. Allow it for this page, and try again.",
    de: "Dieser Browser hat kein Fenster zum Anmelden geöffnet. Erlaube es dieser Seite und versuch es noch einmal.",
  },
  window_done: {
    en: "This window has done its work. You can close it.",
    de: "Dieses Fenster hat seine Arbeit getan. Du kannst es schließen.",
  },
  sign_in_failed: {
    en: "Signing in did not work. Please try again.",
    de: "Das Anmelden hat nicht geklappt. Bitte versuch es noch einmal.",
  },

  // --- links to pictures
  share_picture: { en: "Share this picture", de: "Dieses Bild teilen" },
  share_explained: {
    en: "Whoever has the link sees the picture, without signing in.",
    de: "Wer den Link hat, sieht das Bild, ohne Anmeldung.",
  },
  with_prompt: { en: "Show the prompt, too", de: "Auch den Prompt zeigen" },
  lasts: { en: "Works for", de: "Gilt" },
  days: { en: { one: "{count} day", other: "{count} days" }, de: { one: "{count} Tag", other: "{count} Tage" } },
  link: { en: "Link", de: "Link" },
  no_link_yet: { en: "No link yet", de: "Noch kein Link" },
  make_link: { en: "Make a link", de: "Link erstellen" },
  renew_link: { en: "Change it, from now on", de: "Ändern, ab jetzt" },
  copy_link: { en: "Copy link", de: "Link kopieren" },
  until: { en: "Works until {date}.", de: "Gilt bis {date}." },
  take_back: { en: "Take back", de: "Zurücknehmen" },
  taken_back: { en: "The link leads nowhere any more.", de: "Der Link führt nirgends mehr hin." },
  prompt_is_shown: { en: "The prompt is shown.", de: "Der Prompt wird gezeigt." },
  shared_links: { en: "Shared links", de: "Geteilte Links" },
  nothing_shared: { en: "Nothing is shared.", de: "Nichts ist geteilt." },
  more: { en: "More", de: "Mehr" },

  // --- chats and account
  chats: { en: "Chats", de: "Chats" },
  working: { en: "Working", de: "Arbeitet" },
  ready: { en: "Ready", de: "Fertig" },
  tab_working: { en: "… {title}", de: "… {title}" },
  tab_ready: { en: "✓ {title}", de: "✓ {title}" },
  chats_and_account: { en: "Chats and account", de: "Chats und Konto" },
  new_chat: { en: "New chat", de: "Neuer Chat" },
  more_chats: { en: "More chats", de: "Mehr Chats" },
  rename: { en: "Rename", de: "Umbenennen" },
  pin: { en: "Pin", de: "Anheften" },
  unpin: { en: "Unpin", de: "Lösen" },
  pinned: { en: "Pinned", de: "Angeheftet" },
  save_chat: { en: "Save as files", de: "Als Dateien sichern" },
  search_chats: { en: "Search in all chats", de: "In allen Chats suchen" },
  what_was_found: { en: "What was found", de: "Gefundenes" },
  searching: { en: "Searching…", de: "Suche …" },
  search_on: { en: "Search on", de: "Weitersuchen" },
  search_failed: { en: "The search did not work.", de: "Die Suche hat nicht geklappt." },
  results: {
    en: { one: "{count} result", other: "{count} results" },
    de: { one: "{count} Treffer", other: "{count} Treffer" },
  },
  results_so_far: {
    en: { one: "{count} result so far", other: "{count} results so far" },
    de: { one: "Bisher {count} Treffer", other: "Bisher {count} Treffer" },
  },
  export_account: { en: "Save all that is mine", de: "Alles von mir sichern" },
  reading_messages: {
    en: { one: "Reading… {count} message", other: "Reading… {count} messages" },
    de: { one: "Lese … {count} Nachricht", other: "Lese … {count} Nachrichten" },
  },
  saving_pictures: { en: "Saving picture {done} of {total}", de: "Sichere Bild {done} von {total}" },
  saved_pictures: {
    en: { one: "Saved, with {count} picture.", other: "Saved, with {count} pictures." },
    de: { one: "Gesichert, mit {count} Bild.", other: "Gesichert, mit {count} Bildern." },
  },
  missing_pictures: {
    en: "These could not be read: {names}",
    de: "Diese konnten nicht gelesen werden: {names}",
  },
  chat_title: { en: "Title of the chat", de: "Titel des Chats" },
  brought_stay: {
    en: "Pictures that you brought stay.",
    de: "Bilder, die du mitgebracht hast, bleiben.",
  },
  brought_stay_counted: {
    en: { one: "The picture that you brought stays.", other: "The {count} pictures that you brought stay." },
    de: {
      one: "Das Bild, das du mitgebracht hast, bleibt.",
      other: "Die {count} Bilder, die du mitgebracht hast, bleiben.",
    },
  },
  tell_me: { en: "Tell me when an answer is there", de: "Sag mir, wenn eine Antwort da ist" },
  told_when: {
    en: "By a notice, while you do not look at this page.",
    de: "Durch einen Hinweis, während du nicht auf diese Seite siehst.",
  },
  told_while_open: {
    en: "No push service could be reached: you are told while this page is open.",
    de: "Kein Push-Dienst war erreichbar: Du hörst davon, solange diese Seite offen ist.",
  },
  told_not_allowed: {
    en: "This browser shows no notices of this page. Allow them in its settings.",
    de: "Dieser Browser zeigt keine Hinweise dieser Seite. Erlaube sie in seinen Einstellungen.",
  },
  told_from_home_screen: {
    en: "Add this page to the Home Screen first (Share › Add to Home Screen), and open it from there.",
    de: "Leg diese Seite zuerst auf den Home-Bildschirm (Teilen › Zum Home-Bildschirm) und öffne sie dort.",
  },
  told_unknown: { en: "This browser cannot tell you.", de: "Dieser Browser kann dir nichts sagen." },
  answer_there: { en: "Your answer is there", de: "Deine Antwort ist da" },
  answer_failed: { en: "An answer did not work out", de: "Eine Antwort ist nicht gelungen" },
  chat_is_deleted: { en: "Chat deleted: {title}", de: "Chat gelöscht: {title}" },
  picture_is_deleted: { en: "Picture deleted.", de: "Bild gelöscht." },
  undo: { en: "Undo", de: "Rückgängig" },
  undone: { en: "It is back.", de: "Es ist wieder da." },
  sign_out: { en: "Sign out", de: "Abmelden" },
  delete_account: { en: "Delete my account…", de: "Mein Konto löschen…" },
  delete_account_question: {
    en: "Delete your account with all chats and pictures? Nothing can bring them back.",
    de: "Dein Konto mit allen Chats und Bildern löschen? Nichts bringt sie zurück.",
  },
  delete_everything: { en: "Delete everything", de: "Alles löschen" },
  account_not_deleted: {
    en: "The account could not be deleted here.",
    de: "Das Konto ließ sich hier nicht löschen.",
  },

  // --- keys
  keyboard: { en: "Keyboard shortcuts", de: "Tastenkürzel" },
  these_keys: { en: "These shortcuts", de: "Diese Kürzel" },
  key_write: { en: "Write", de: "Schreiben" },
  key_pictures: { en: "Pictures, and back", de: "Bilder, und zurück" },
  key_undo: { en: "Undo a deletion", de: "Löschen rückgängig machen" },
  key_send: { en: "Send", de: "Senden" },
  key_line: { en: "A new line", de: "Eine neue Zeile" },
  key_beside: { en: "The picture beside", de: "Das Bild daneben" },
  keys_without_ctrl: { en: "Keys without Ctrl", de: "Tasten ohne Strg" },

  // --- the connection
  signed_out: { en: "Signed out", de: "Abgemeldet" },
  connecting: { en: "Connecting…", de: "Verbinde…" },
  reconnecting: { en: "Reconnecting…", de: "Verbinde neu…" },
  offline: { en: "Offline", de: "Offline" },

  // --- the welcome
  can_do: {
    en: "Pictures from your words, up to four at once; your own pictures, changed; and answers to questions.",
    de: "Bilder aus deinen Worten, bis zu vier auf einmal; deine eigenen Bilder, verändert; und Antworten auf Fragen.",
  },
  what_to_see: { en: "What would you like to see?", de: "Was möchtest du sehen?" },
  lighthouse: { en: "A lighthouse in a storm", de: "Ein Leuchtturm im Sturm" },
  paint_lighthouse: { en: "Paint a lighthouse in a storm", de: "Male einen Leuchtturm im Sturm" },
  fox: { en: "A fox asleep in autumn leaves", de: "Ein Fuchs, der im Herbstlaub schläft" },
  paint_fox: { en: "Paint a fox asleep in autumn leaves", de: "Male einen Fuchs, der im Herbstlaub schläft" },
  city: { en: "A city of glass at dawn, 16:9", de: "Eine Stadt aus Glas im Morgenlicht, 16:9" },
  paint_city: {
    en: "Paint a city of glass at dawn, 16:9",
    de: "Male eine Stadt aus Glas im Morgenlicht, 16:9",
  },

  // --- writing
  messages: { en: "Messages", de: "Nachrichten" },
  message: { en: "Message", de: "Nachricht" },
  ask_for_picture: { en: "Ask for a picture", de: "Wünsch dir ein Bild" },
  send: { en: "Send", de: "Senden" },
  latest: { en: "Latest", de: "Neueste" },
  add_pictures: { en: "Add pictures", de: "Bilder hinzufügen" },
  take_photo: { en: "Take a photo", de: "Foto aufnehmen" },
  going_along: { en: "Pictures that go with the message", de: "Bilder, die mit der Nachricht gehen" },
  shape: { en: "Shape", de: "Form" },
  shape_of_picture: { en: "Shape of the picture", de: "Form des Bildes" },
  number: { en: "Number", de: "Anzahl" },
  number_of_pictures: { en: "Number of pictures", de: "Anzahl der Bilder" },
  pictures_counted: {
    en: { one: "1 picture", other: "{count} pictures" },
    de: { one: "1 Bild", other: "{count} Bilder" },
  },
  size: { en: "Size", de: "Größe" },
  size_of_picture: { en: "Size of the picture, with its price", de: "Größe des Bildes, mit ihrem Preis" },
  size_offer: {
    en: { one: "{name}: ${price}", other: "{name}: ${price}, counts as {count}" },
    de: { one: "{name}: {price} $", other: "{name}: {price} $, zählt als {count}" },
  },
  who_paints: { en: "Who paints", de: "Wer malt" },
  straight_to_painter: { en: "Straight to the painter", de: "Direkt zum Maler" },
  characters: { en: "{length} of {most} characters", de: "{length} von {most} Zeichen" },
  pictures_today: { en: "{used} of {limit} pictures today", de: "{used} von {limit} Bildern heute" },
  too_many_pictures: {
    en: "A question takes up to {most} pictures.",
    de: "Eine Frage nimmt bis zu {most} Bilder mit.",
  },
  picture_in_the_way: {
    en: "Try the picture again, or remove it, before you send.",
    de: "Versuch es mit dem Bild noch einmal oder entferne es, bevor du sendest.",
  },
  say_what: { en: "Say what shall be painted.", de: "Schreib, was gemalt werden soll." },

  // --- pictures that are brought
  only_these_kinds: {
    en: "Only JPEG, PNG and WebP pictures can be taken.",
    de: "Nur JPEG, PNG und WebP können mitgebracht werden.",
  },
  no_heic: {
    en: "HEIC pictures cannot be taken. Save it as JPEG and choose that. (An iPhone takes JPEG after Settings › Camera › Formats › Most Compatible.)",
    de: "HEIC-Bilder können nicht mitgebracht werden. Speichere es als JPEG und wähle das. (Ein iPhone nimmt JPEG auf nach Einstellungen › Kamera › Formate › Maximale Kompatibilität.)",
  },
  picture_gone: {
    en: "A picture is not there any more. It was deleted, or it had not gone up yet.",
    de: "Ein Bild ist nicht mehr da. Es wurde gelöscht oder war noch nicht hochgeladen.",
  },
  foreign_picture: {
    en: "A picture of another page cannot be taken from there. Save it, then choose the file.",
    de: "Ein Bild einer anderen Seite kann nicht von dort kommen. Speichere es und wähle die Datei.",
  },
  going_up: { en: "Going up", de: "Wird hochgeladen" },
  again: { en: "Again", de: "Noch einmal" },
  remove_picture: { en: "Remove the picture", de: "Bild entfernen" },

  // --- messages
  you_said: { en: "You:", de: "Du:" },
  cancel: { en: "Cancel", de: "Abbrechen" },
  try_again: { en: "Try again", de: "Noch einmal versuchen" },
  change_words: { en: "Change the words", de: "Worte ändern" },
  another_one: { en: "Another one", de: "Noch eins" },
  edit: { en: "Edit", de: "Bearbeiten" },
  copy: { en: "Copy", de: "Kopieren" },
  copy_answer: { en: "Copy the answer", de: "Antwort kopieren" },
  code: { en: "Code", de: "Code" },
  table: { en: "Table", de: "Tabelle" },
  show_all: { en: "Show all", de: "Alles zeigen" },
  show_less: { en: "Show less", de: "Weniger zeigen" },
  regenerate: { en: "Answer again", de: "Neu beantworten" },
  versions: { en: "Versions", de: "Fassungen" },
  version_of: { en: "Version {index} of {total}", de: "Fassung {index} von {total}" },
  version_before: { en: "Previous version", de: "Vorige Fassung" },
  version_behind: { en: "Next version", de: "Nächste Fassung" },
  change_question: { en: "Change this question", de: "Diese Frage ändern" },
  changing_question: { en: "You are changing your last question.", de: "Du änderst deine letzte Frage." },
  gave_way: { en: "{reason} The answer before it stays.", de: "{reason} Die Antwort davor bleibt." },
  delete_question: { en: "Delete this question", de: "Diese Frage löschen" },
  delete_question_sure: {
    en: "Delete this question with its answer and what was painted for it?",
    de: "Diese Frage mit ihrer Antwort und allem, was dafür gemalt wurde, löschen?",
  },
  question_not_deleted: {
    en: "This question could not be deleted. It may be gone already.",
    de: "Diese Frage ließ sich nicht löschen. Vielleicht ist sie schon weg.",
  },
  copy_prompt: { en: "Copy prompt", de: "Prompt kopieren" },
  download: { en: "Download", de: "Herunterladen" },
  download_all: { en: "Download all", de: "Alle herunterladen" },
  copied: { en: "Copied", de: "Kopiert" },
  copy_picture: { en: "Copy picture", de: "Bild kopieren" },
  picture_not_copied: {
    en: "The picture could not be copied here. Download it instead.",
    de: "Das Bild ließ sich hier nicht kopieren. Lade es stattdessen herunter.",
  },
  share: { en: "Share", de: "Teilen" },
  original: { en: "Original", de: "Original" },
  save_png: { en: "Save as PNG", de: "Als PNG speichern" },
  save_original: { en: "Save the original", de: "Das Original speichern" },
  not_allowed: { en: "Not allowed", de: "Nicht erlaubt" },
  not_copied: {
    en: "This browser did not let it be copied. Select it, and copy it by hand.",
    de: "Dieser Browser ließ es nicht kopieren. Markiere es und kopiere es von Hand.",
  },
  not_sent: { en: "Not sent.", de: "Nicht gesendet." },
  thinking: { en: "Thinking…", de: "Denkt nach…" },
  writing: { en: "Writing…", de: "Schreibt…" },
  painting: { en: "Painting…", de: "Malt…" },
  painting_some: { en: "Painting… {done} of {total} done", de: "Malt… {done} von {total} fertig" },
  taken_so_far: { en: "{doing} {seconds} s", de: "{doing} {seconds} s" },
  some_so_far: { en: "{doing}, {seconds} s", de: "{doing}, {seconds} s" },
  taken_longer: { en: "{doing} {seconds} s, longer than usual", de: "{doing} {seconds} s, länger als sonst" },
  taken_usually: {
    en: "{doing} {seconds} s, usually about {usual} s",
    de: "{doing} {seconds} s, sonst etwa {usual} s",
  },
  waiting: { en: "Waiting…", de: "Wartet…" },
  waiting_for_others: { en: "Waiting for your other pictures…", de: "Wartet auf deine anderen Bilder…" },
  cancelled: { en: "Cancelled.", de: "Abgebrochen." },
  rest_cancelled: { en: "The rest was cancelled.", de: "Der Rest wurde abgebrochen." },
  deleted: { en: "Deleted.", de: "Gelöscht." },
  picture_deleted: { en: "This picture was deleted.", de: "Dieses Bild wurde gelöscht." },
  pictures_deleted: { en: "These pictures were deleted.", de: "Diese Bilder wurden gelöscht." },
  painted_some: { en: "{done} of {total} pictures were painted.", de: "{done} von {total} Bildern wurden gemalt." },
  came_unasked: {
    en: {
      one: "One more came unasked: it is not counted.",
      other: "{count} more came unasked: they are not counted.",
    },
    de: {
      one: "Eins kam ungefragt dazu: Es zählt nicht.",
      other: "{count} kamen ungefragt dazu: Sie zählen nicht.",
    },
  },
  counts_for_today: {
    en: "Its painting had begun, so it counts for today.",
    de: "Das Malen hatte begonnen, darum zählt es für heute.",
  },
  some_count: {
    en: {
      one: "The painting of one had begun: it counts for today.",
      other: "The painting of {count} had begun: they count for today.",
    },
    de: {
      one: "Das Malen von einem hatte begonnen: Es zählt für heute.",
      other: "Das Malen von {count} hatte begonnen: Sie zählen für heute.",
    },
  },
  came_otherwise: {
    en: "Asked for {asked}, came as {width} × {height}.",
    de: "Gewünscht war {asked}, gekommen ist {width} × {height}.",
  },
  both: { en: "{one} and {other}", de: "{one} und {other}" },
  resets: { en: "Resets {time}.", de: "Neu ab {time}." },

  // --- what is spoken
  painting_now: { en: "Painting.", de: "Es wird gemalt." },
  answer_complete: { en: "The answer is complete.", de: "Die Antwort ist fertig." },
  picture_ready: { en: "Picture ready: {prompt}", de: "Bild fertig: {prompt}" },
  pictures_ready: {
    en: "{done} of {total} pictures ready: {prompt}",
    de: "{done} von {total} Bildern fertig: {prompt}",
  },

  // --- pictures
  picture: { en: "Picture", de: "Bild" },
  pictures: { en: "Pictures", de: "Bilder" },
  your_pictures: { en: "Your pictures", de: "Deine Bilder" },
  brought_on: { en: "Brought on {date}", de: "Mitgebracht am {date}" },
  open_large: { en: "Open large: {picture}", de: "Groß öffnen: {picture}" },
  open_one_large: {
    en: "Open large, {index} of {total}: {picture}",
    de: "Groß öffnen, {index} von {total}: {picture}",
  },
  not_loaded: { en: "The picture could not be loaded.", de: "Das Bild ließ sich nicht laden." },
  back_to_chat: { en: "Back to the chat", de: "Zurück zum Chat" },
  search: { en: "Search", de: "Suchen" },
  search_prompts: { en: "Search by words of the prompt", de: "Nach Worten des Prompts suchen" },
  which_pictures: { en: "Which pictures", de: "Welche Bilder" },
  all: { en: "All", de: "Alle" },
  painted: { en: "Painted", de: "Gemalt" },
  brought: { en: "Brought", de: "Mitgebracht" },
  pictures_gather: { en: "Your pictures will gather here.", de: "Hier sammeln sich deine Bilder." },
  none_painted: { en: "No picture was painted yet.", de: "Es wurde noch kein Bild gemalt." },
  none_brought: { en: "No picture was brought yet.", de: "Es wurde noch kein Bild mitgebracht." },
  none_found: { en: "No picture has these words.", de: "Kein Bild hat diese Worte." },
  searching: { en: "Searching…", de: "Suche…" },
  more_found: { en: "{count} or more pictures", de: "{count} oder mehr Bilder" },
  new_pictures: {
    en: { one: "1 new picture", other: "{count} new pictures" },
    de: { one: "1 neues Bild", other: "{count} neue Bilder" },
  },
  select: { en: "Select", de: "Auswählen" },
  done: { en: "Done", de: "Fertig" },
  selected: { en: "{count} selected", de: "{count} ausgewählt" },
  newer_picture: { en: "Newer picture", de: "Neueres Bild" },
  older_picture: { en: "Older picture", de: "Älteres Bild" },
  close: { en: "Close", de: "Schließen" },
  show_in_chat: { en: "Show in chat", de: "Im Chat zeigen" },
  compare: { en: "Compare with the picture before", de: "Mit dem Bild davor vergleichen" },
  before: { en: "Before", de: "Vorher" },
  after: { en: "After", de: "Nachher" },
  part_before: { en: "{part} % before", de: "{part} % vorher" },
  delete: { en: "Delete", de: "Löschen" },
  delete_pictures: {
    en: {
      one: "Delete this picture? It will be gone for good.",
      other: "Delete these {count} pictures? They will be gone for good.",
    },
    de: {
      one: "Dieses Bild löschen? Es ist dann für immer weg.",
      other: "Diese {count} Bilder löschen? Sie sind dann für immer weg.",
    },
  },
  not_deleted: {
    en: "This could not be deleted. It may be gone already.",
    de: "Das ließ sich nicht löschen. Vielleicht ist es schon weg.",
  },
};

/** What went wrong, by the API's code, the channel's own, or the status where there is no code. */
const ERRORS = {
  clock_skew: { en: "The id's time is more than five minutes off.", de: "Die Uhr dieses Geräts geht mehr als fünf Minuten falsch." },
  unauthorized: { en: "Sign in to continue.", de: "Melde dich an, um weiterzumachen." },
  not_found: { en: "There is nothing here.", de: "Hier ist nichts." },
  id_reused: { en: "This id already belongs to something else that was sent.", de: "Diese Kennung gehört schon zu etwas anderem." },
  chat_deleted: { en: "This chat has been deleted.", de: "Dieser Chat wurde gelöscht." },
  not_running: { en: "This message has already ended.", de: "Diese Nachricht ist schon zu Ende." },
  not_failed: {
    en: "Only a message that failed or was cancelled can be tried again.",
    de: "Nur was misslang oder abgebrochen wurde, kann noch einmal versucht werden.",
  },
  not_last: {
    en: "Only the last question of a chat can be changed, and this is not it any more.",
    de: "Nur die letzte Frage eines Chats lässt sich ändern, und das ist diese nicht mehr.",
  },
  not_ended: { en: "This question is still being answered.", de: "Diese Frage wird noch beantwortet." },
  retry_limit: {
    en: "This has been tried often enough. Please send it as a new message.",
    de: "Das wurde oft genug versucht. Bitte sende es als neue Nachricht.",
  },
  image_deleted: { en: "This picture has been deleted.", de: "Dieses Bild wurde gelöscht." },
  account_deleted: { en: "This account has been deleted.", de: "Dieses Konto wurde gelöscht." },
  too_large: { en: "This file is too large.", de: "Diese Datei ist zu groß." },
  pin_limit: {
    en: "At most 50 chats can be pinned. Unpin one first.",
    de: "Höchstens 50 Chats können angeheftet sein. Löse zuerst einen.",
  },
  too_many_open: {
    en: "Please wait until one of your open messages is answered.",
    de: "Bitte warte, bis eine deiner offenen Nachrichten beantwortet ist.",
  },
  message_limit: { en: "You have reached today's limit of messages.", de: "Du hast heute so viele Nachrichten geschrieben, wie möglich sind." },
  provider_limit: {
    en: "You have reached today's limit of calls to the model.",
    de: "Du hast das Modell heute so oft gefragt, wie möglich ist.",
  },
  upload_limit: {
    en: "You have reached today's limit of pictures that you bring.",
    de: "Du hast heute so viele Bilder mitgebracht, wie möglich sind.",
  },
  share_limit: {
    en: "You have made as many links to pictures today as you can.",
    de: "Du hast heute so viele Links zu Bildern gemacht, wie möglich sind.",
  },
  busy: { en: "The service is busy. Please try again.", de: "Der Dienst ist ausgelastet. Bitte versuch es noch einmal." },
  quota_exceeded: { en: "You have used all of today's pictures.", de: "Du hast alle Bilder für heute verbraucht." },
  source_deleted: {
    en: "A picture that this one was to be made of is no longer there.",
    de: "Ein Bild, aus dem dieses entstehen sollte, ist nicht mehr da.",
  },
  blocked: {
    en: "The model declined this request. Try to describe something else.",
    de: "Das Modell hat diesen Wunsch abgelehnt. Versuch, etwas anderes zu beschreiben.",
  },
  no_image: {
    en: "The model did not return a picture. Try to put it in other words.",
    de: "Das Modell hat kein Bild geschickt. Versuch es mit anderen Worten.",
  },
  provider_unavailable: {
    en: "The model is not available right now. Please try again in a moment.",
    de: "Das Modell ist gerade nicht erreichbar. Bitte versuch es gleich noch einmal.",
  },
  provider_rejected: {
    en: "The model could not take this request. The operator has been told.",
    de: "Das Modell konnte mit diesem Wunsch nichts anfangen. Der Betreiber weiß Bescheid.",
  },
  timed_out: { en: "The model took too long. Please try again.", de: "Das Modell hat zu lange gebraucht. Bitte versuch es noch einmal." },
  internal: { en: "Something went wrong on our side. Please try again.", de: "Bei uns ging etwas schief. Bitte versuch es noch einmal." },

  // --- what no answer of the API says
  token_failed: { en: "You are not signed in.", de: "Du bist nicht angemeldet." },
  wrong_url: { en: "The server could not be reached.", de: "Der Server ist nicht erreichbar." },
  part_not_loaded: {
    en: "This part of the page could not be loaded. Please try again.",
    de: "Dieser Teil der Seite ließ sich nicht laden. Bitte versuch es noch einmal.",
  },
  picture_not_loaded: { en: "The picture could not be loaded.", de: "Das Bild ließ sich nicht laden." },
  not_written: {
    en: "The files could not be written. Is there room for them?",
    de: "Die Dateien ließen sich nicht schreiben. Ist noch Platz für sie?",
  },
  unreadable: { en: "This picture cannot be read.", de: "Dieses Bild lässt sich nicht lesen." },
  0: { en: "The server could not be reached.", de: "Der Server ist nicht erreichbar." },
  413: { en: "This picture is too large.", de: "Dieses Bild ist zu groß." },
  other: { en: "Something went wrong. Please try again.", de: "Etwas ging schief. Bitte versuch es noch einmal." },
};

/** What the API says with `invalid`, where it says the same to everybody; `detail` is anything else of it. */
const INVALID = {
  request: { en: "The request is not valid.", de: "Diese Anfrage ist nicht gültig." },
  long_request: { en: "The request is too large.", de: "Diese Anfrage ist zu groß." },
  no_picture: {
    en: "This is not a picture that can be read here. Send a JPEG, a PNG or a WebP.",
    de: "Das ist kein Bild, das hier gelesen werden kann. Nimm ein JPEG, ein PNG oder ein WebP.",
  },
  heic: {
    en: "HEIC pictures cannot be read here. Save it as a JPEG, or let your phone take pictures in its most compatible format.",
    de: "HEIC-Bilder können hier nicht gelesen werden. Speichere es als JPEG, oder lass dein Telefon mit maximaler Kompatibilität aufnehmen.",
  },
  pixels: {
    en: "The picture has more than 25 million pixels, or a side of more than 16,383. Make it smaller.",
    de: "Das Bild hat mehr als 25 Millionen Pixel oder eine Seite von mehr als 16.383. Mach es kleiner.",
  },
  picture_gone: {
    en: "One of these pictures is not there.",
    de: "Eins dieser Bilder ist nicht da.",
  },
  answer_gone: {
    en: "There is no such answer with pictures in this chat.",
    de: "Diese Antwort mit Bildern gibt es in diesem Chat nicht.",
  },
  shape: {
    en: "This image model does not paint in this shape.",
    de: "Dieses Bildmodell malt nicht in dieser Form.",
  },
  detail: { en: "{detail}", de: "Das ging so nicht: {detail}" },
};

/** The first of the browser's languages that there are words in; numbers and dates are written as there. */
export const locale = navigator.languages.find((one) => languageOf(one) in WORDS.sign_in) ?? "en";
const language = languageOf(locale);
const plurals = new Intl.PluralRules(locale);

/**
 * Words by their key.
 * @param {Record<string, string|number>} values for the places in braces; `count` chooses the form
 */
export function t(key, values = {}) {
  return nodes(key, values).join("");
}

/** As `t`, in pieces: a place may be filled with a node, too. */
export function nodes(key, values = {}) {
  const words = WORDS[key][language];
  const form = typeof words === "string" ? words : words[plurals.select(values.count)];
  return form.split(/\{(\w+)\}/).map((piece, index) => (index % 2 ? written(values[piece]) : piece));
}

/** A sentence on what went wrong: an ApiError, or the `error` of a message. */
export function sentenceOf({ code, status, message }) {
  const words = ERRORS[code ?? status] ?? (code && message ? invalid(message) : ERRORS.other);
  return words[language].replace("{detail}", () => message);
}

function invalid(message) {
  return Object.values(INVALID).find(({ en }) => en === message) ?? INVALID.detail;
}

export function numberOf(value) {
  return Number(value).toLocaleString(locale, { maximumFractionDigits: 4 });
}

export function dateOf(time, options) {
  return new Date(time).toLocaleString(locale, options);
}

/** Puts words into elements of index.html: `data-t` names their text, `data-t-…` an attribute's. */
function fill(root) {
  root.lang = language;
  root.dataset.words = "";
  if (language === "en") return; // they stand there
  for (const element of root.querySelectorAll("*")) {
    for (const [name, key] of Object.entries(element.dataset)) {
      if (name === "t") element.textContent = t(key);
      else if (/^t[A-Z]/.test(name)) element.setAttribute(attributeOf(name), t(key));
    }
  }
}

/** `tAriaLabel` → `aria-label` */
function attributeOf(name) {
  return name.slice(1).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).slice(1);
}

function written(value) {
  return typeof value === "number" ? numberOf(value) : value;
}

function languageOf(locale) {
  return locale.split("-")[0];
}

if (globalThis.document) fill(document.documentElement); // a service worker has none
